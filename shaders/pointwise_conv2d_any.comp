#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d on any shape: y[n,m,r] = sum over k of w[m*STRIDE_M + k*STRIDE_K] * x[n,k,r]  (+ bias[m])
//
//   w     a weight by its strides: (M,K), or its transpose for the gradient by the input
//   x     (N/GX, K, GX, PLANE)   y  (N/GY, M, GY, PLANE)   bias  (M), with BIAS alone
//
// One invocation makes one output.
//
// ops: pointwise_conv2d, pointwise_conv2d_backward_data, linear, linear_backward_data
// kernel pointwise_conv2d_any
// kernel linear_any: BIAS
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint PLANE = 1024;
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;
layout(constant_id = 6) const uint STRIDE_M = 64;
layout(constant_id = 7) const uint STRIDE_K = 1;

layout(push_constant) uniform Push { uint count; } push; // N*M*PLANE

layout(std430, binding = 0) readonly  buffer Weight { float w[]; };
ACTIVATION_FLOATS(1, X, x);
RESULT_FLOATS(2, Y, y);
#ifdef BIAS
layout(std430, binding = 3) readonly  buffer Bias { float bias[]; };
#endif

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    Place p = place_of(id, M, GY, PLANE);
    uint from = plane_at(p.n, 0u, K, GX, PLANE) + p.r;
#ifdef BIAS
    float sum = bias[p.c];
#else
    float sum = 0.0;
#endif
    for (uint k = 0u; k < K; k++) sum += WEIGHT(w[p.c * STRIDE_M + k * STRIDE_K]) * FETCH(x, from + k * GX * PLANE);
    STORE(y, id, sum);
}
