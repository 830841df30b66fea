#version 450
#extension GL_GOOGLE_include_directive : require
// pack_folded: a pointwise convolution and the batch_norm2d_eval behind it as one product with a bias
//   packed[m/R, k, m%R] = w[m,k] * scale[m], 0 for m >= M or k >= K      bias[m] = shift[m] - mean[m] * scale[m]
//
//   w  (M, K)    coef  (3, M) by batch_norm2d_coefficients: mean, scale, shift
//   packed  (ceil(M/R), COLUMNS, R), COLUMNS >= K    bias  (M)
#include "dispatch.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 64;
layout(constant_id = 3) const uint R = 8;
layout(constant_id = 4) const uint COLUMNS = 64;

layout(std430, binding = 0) readonly  buffer Weight { float w[]; };
layout(std430, binding = 1) readonly  buffer Coef { float coef[]; };
layout(std430, binding = 2) writeonly buffer Packed { float packed[]; };
layout(std430, binding = 3) writeonly buffer Bias { float bias[]; };

void main() {
    uint id = invocation();
    if (id >= (M + R - 1u) / R * R * COLUMNS) return;
    uint k = id / R % COLUMNS, m = id / (R * COLUMNS) * R + id % R;
    packed[id] = m < M && k < K ? w[m * K + k] * coef[M + m] : 0.0;
    if (k == 0u && m < M) bias[m] = coef[2u * M + m] - coef[m] * coef[M + m];
}
