#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d_backward_weight on any shape, first stage:
//   parts[s,m,k,u,v] = sum over the s-th piece of n, and i,j, of dy[n,m,i,j] * x[n,k,i*STRIDE+u-PADDING,j*STRIDE+v-PADDING]
//
//   dy  (N/GD, M, GD, HO, WO)   x  (N/GX, K, GX, H, W), 0 outside   parts  (S, M, K, R, R), added up by sum_partials
//
// Piece s holds the images s*per .. min(N, (s+1)*per)-1. One invocation makes one value of one part.
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
layout(constant_id = 10) const uint GD = 1;
layout(constant_id = 11) const uint GX = 1;

layout(push_constant) uniform Push { uint N, per, S; } push;

ACTIVATION_FLOATS(0, DY, dy);
ACTIVATION_FLOATS(1, X, x);
layout(std430, binding = 2) writeonly buffer Parts { float parts[]; };

void main() {
    uint id = invocation();
    if (id >= M * K * R * R * push.S) return;
    uint v = id % R, u = id / R % R, k = id / (R * R) % K, m = id / (R * R * K) % M, s = id / (R * R * K * M);
    uint end = min((s + 1u) * push.per, push.N);
    float sum = 0.0;
    for (uint n = s * push.per; n < end; n++) {
        uint from_d = plane_at(n, m, M, GD, HO * WO), from_x = plane_at(n, k, K, GX, H * W);
        for (uint i = 0u; i < HO; i++) {
            uint row = i * STRIDE + u - PADDING; // wraps around below 0
            if (row >= H) continue;
            for (uint j = 0u; j < WO; j++) {
                uint column = j * STRIDE + v - PADDING;
                if (column < W) sum += FETCH(dy, from_d + i * WO + j) * FETCH(x, from_x + row * W + column);
            }
        }
    }
    parts[id] = sum;
}
