#version 450
#extension GL_GOOGLE_include_directive : require
// depthwise_conv2d for any width: y[n,c,i,j] = sum over u,v in 0..2 of w[c,u,v] * x[n,c,i+u-1,j+v-1]
// With FLIP the taps are read backwards, which makes it the gradient by the input.
//
//   x  (N/GX, C, GX, H, W)   w  (C, 3, 3)   y  (N/GY, C, GY, H, W)
//
// One invocation makes one output.
//
// ops: depthwise_conv2d, depthwise_conv2d_backward_data (with FLIP)
#include "dispatch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;
layout(constant_id = 6) const bool FLIP = false;

layout(push_constant) uniform Push { uint count; } push; // N*C*H*W

layout(std430, binding = 0) readonly  buffer X { float x[]; };
layout(std430, binding = 1) readonly  buffer Weight { float w[]; };
layout(std430, binding = 2) writeonly buffer Y { float y[]; };

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    Place p = place_of(id, C, GY, H * W);
    uint from = plane_at(p.n, p.c, C, GX, H * W);
    int i = int(p.r / W), j = int(p.r % W);
    float sum = 0.0;
    for (int u = 0; u < 3; u++) {
        for (int v = 0; v < 3; v++) {
            int r = i + u - 1, s = j + v - 1;
            if (r < 0 || r >= int(H) || s < 0 || s >= int(W)) continue;
            int tap = FLIP ? 8 - 3 * u - v : 3 * u + v;
            sum += w[p.c * 9u + uint(tap)] * x[from + uint(r) * W + uint(s)];
        }
    }
    y[id] = sum;
}
