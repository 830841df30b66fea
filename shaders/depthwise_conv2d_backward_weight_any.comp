#version 450
#extension GL_GOOGLE_include_directive : require
// depthwise_conv2d_backward_weight for any width, first stage:
//   parts[s,c,u,v] = sum over images n = s, s+S, ... and all i,j of dy[n,c,i,j] * x[n,c,i+u-1,j+v-1]
//
//   dy, x  (N/g, C, g, H, W), g being GD and GX    parts  (S, C, 3, 3), added up by sum_partials
//
// One invocation makes one tap of one part.
#include "dispatch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint GD = 1;
layout(constant_id = 5) const uint GX = 1;

layout(push_constant) uniform Push { uint N, splits; } push;

layout(std430, binding = 0) readonly  buffer DY { float dy[]; };
layout(std430, binding = 1) readonly  buffer X { float x[]; };
layout(std430, binding = 2) writeonly buffer Parts { float parts[]; };

void main() {
    uint id = invocation();
    if (id >= C * 9u * push.splits) return;
    uint tap = id % 9u, c = id / 9u % C, split = id / (9u * C);
    int u = int(tap / 3u) - 1, v = int(tap % 3u) - 1;
    float sum = 0.0;
    for (uint n = split; n < push.N; n += push.splits) {
        uint from = plane_at(n, c, C, GX, H * W), d = plane_at(n, c, C, GD, H * W);
        for (int i = max(0, -u); i < int(H) - max(0, u); i++) {
            for (int j = max(0, -v); j < int(W) - max(0, v); j++) {
                sum += dy[d + uint(i) * W + uint(j)] * x[from + uint(i + u) * W + uint(j + v)];
            }
        }
    }
    parts[id] = sum;
}
