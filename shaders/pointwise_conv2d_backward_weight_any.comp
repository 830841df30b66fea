#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d_backward_weight on any shape, first stage:
//   parts[s,m,k] = sum over the s-th piece of (n,r) of dy[n,m,r] * x[n,k,r]
//
//   dy  (N/GD, M, GD, PLANE)   x  (N/GX, K, GX, PLANE)   parts  (S, M, K), added up by sum_partials
//
// The pixels of all images, N*PLANE, are cut into S runs of `run`. One invocation makes one value of one part.
//
// ops: pointwise_conv2d_backward_weight, linear_backward_weight (images of one pixel)
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint PLANE = 1024;
layout(constant_id = 4) const uint GD = 1;
layout(constant_id = 5) const uint GX = 1;

layout(push_constant) uniform Push { uint pixels, run, S; } push; // pixels = N*PLANE

ACTIVATION_FLOATS(0, DY, dy);
ACTIVATION_FLOATS(1, X, x);
layout(std430, binding = 2) writeonly buffer Parts { float parts[]; };

void main() {
    uint id = invocation();
    if (id >= M * K * push.S) return;
    uint k = id % K, m = id / K % M, s = id / (K * M);
    uint end = min((s + 1u) * push.run, push.pixels);
    float sum = 0.0;
    for (uint q = s * push.run; q < end; q++) {
        uint n = q / PLANE, r = q % PLANE;
        sum += FETCH(dy, plane_at(n, m, M, GD, PLANE) + r) * FETCH(x, plane_at(n, k, K, GX, PLANE) + r);
    }
    parts[id] = sum;
}
