#version 450
#extension GL_GOOGLE_include_directive : require
// pack_matrix: packed[m/R, k, m%R] = w[m*STRIDE_M + k*STRIDE_K], 0 for m >= M or k >= K
//
//   w       any matrix A (M,K) given by its strides, so a weight (M,K) or its transpose
//   packed  (ceil(M/R), COLUMNS, R), COLUMNS >= K
//
// R rows side by side, a sliver, are what a tile of pointwise_conv2d reads for one k, whatever M and K are.
// The weights change every step and are small beside the activations, so they are packed anew each time.
#include "dispatch.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint STRIDE_M = 64;
layout(constant_id = 4) const uint STRIDE_K = 1;
layout(constant_id = 5) const uint R = 8;
layout(constant_id = 6) const uint COLUMNS = 64;

layout(std430, binding = 0) readonly  buffer Weight { float w[]; };
layout(std430, binding = 1) writeonly buffer Packed { float packed[]; };

void main() {
    uint id = invocation();
    if (id >= (M + R - 1u) / R * R * COLUMNS) return;
    uint k = id / R % COLUMNS, m = id / (R * COLUMNS) * R + id % R;
    packed[id] = m < M && k < K ? w[m * STRIDE_M + k * STRIDE_K] : 0.0;
}
