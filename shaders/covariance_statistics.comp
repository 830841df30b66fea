#version 450
#extension GL_GOOGLE_include_directive : require
// covariance_statistics, second stage: what batch_norm2d_statistics would give of y = W x, without reading y
//   result[0,m] = sum over i of w[m,i] * mean_i,  result[1,m] = sum over i, j of w[m,i] * w[m,j] * comoment_ij
// with means and co-moments of x put together from its pieces (Chan, Golub and LeVeque, 1983), in order.
//
//   parts  (S, 20) by input_covariance    w  (M, K), K <= 4    result  (2, M)
//
// One invocation makes one channel m, and puts the pieces together for itself: they are few.
#include "dispatch.glsl"

layout(constant_id = 1) const uint M = 64;
layout(constant_id = 2) const uint K = 3;

layout(push_constant) uniform Push { uint each, total, S; } push; // values of a channel in a piece, in all

layout(std430, binding = 0) readonly  buffer Parts { float parts[]; };
layout(std430, binding = 1) readonly  buffer Weight { float w[]; };
layout(std430, binding = 2) writeonly buffer Result { float result[]; };

void main() {
    uint m = invocation();
    if (m >= M) return;
    vec4 row = vec4(0.0);
    for (uint i = 0u; i < K; i++) row[i] = w[m * K + i];

    // The channel's own mean and squared deviation in a piece follow from those of its inputs.
    float mean = 0.0, square = 0.0, seen = 0.0;
    for (uint s = 0u; s < push.S; s++) {
        uint at = 20u * s;
        float piece = 0.0, moment = 0.0;
        for (uint i = 0u; i < K; i++) {
            piece += row[i] * parts[at + i];
            for (uint j = 0u; j < K; j++) moment += row[i] * row[j] * parts[at + 4u + 4u * i + j];
        }
        float n = float(min(push.each, push.total - s * push.each)), all = seen + n, delta = piece - mean;
        mean += delta * (n / all);
        square += max(moment, 0.0) + delta * delta * (seen * n / all);
        seen = all;
    }
    result[m] = mean;
    result[M + m] = square;
}
