#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d on any shape: y[n,m,i,j] = b[m] + sum over k,u,v of w[m,k,u,v] * x[n,k,i*STRIDE+u-PADDING,j*STRIDE+v-PADDING]
//
//   x  (N/GX, K, GX, H, W), 0 outside   w  (M, K, R, R)   y  (N/GY, M, GY, HO, WO)
//   b  (M), read with BIASED alone
//
// One invocation makes one output.
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint H = 32;
layout(constant_id = 4) const uint W = 32;
layout(constant_id = 5) const uint HO = 32;
layout(constant_id = 6) const uint WO = 32;
layout(constant_id = 7) const uint R = 3;
layout(constant_id = 8) const uint STRIDE = 1;
layout(constant_id = 9) const uint PADDING = 1;
layout(constant_id = 10) const uint GX = 1;
layout(constant_id = 11) const uint GY = 1;
layout(constant_id = 12) const bool BIASED = true;

layout(push_constant) uniform Push { uint count; } push; // N*M*HO*WO

ACTIVATION_FLOATS(0, X, x);
layout(std430, binding = 1) readonly  buffer Weight { float w[]; };
layout(std430, binding = 2) readonly  buffer Bias { float bias[]; };
RESULT_FLOATS(3, Y, y);

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    Place p = place_of(id, M, GY, HO * WO);
    uint i = p.r / WO * STRIDE, j = p.r % WO * STRIDE; // of the window's first tap, PADDING further
    float sum = 0.0;
    for (uint k = 0u; k < K; k++) {
        uint from = plane_at(p.n, k, K, GX, H * W), tap = (p.c * K + k) * R * R;
        for (uint u = 0u; u < R; u++) {
            for (uint v = 0u; v < R; v++) {
                uint row = i + u - PADDING, column = j + v - PADDING; // wrap around below 0
                if (row < H && column < W) sum += WEIGHT(w[tap + u * R + v]) * FETCH(x, from + row * W + column);
            }
        }
    }
    STORE(y, id, BIASED ? sum + bias[p.c] : sum);
}
