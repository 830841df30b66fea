#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d, second stage: the pieces of batch_norm2d_statistics become the batch's statistics
//   saved[0,c] = mean,  saved[1,c] = 1/sqrt(var + EPSILON),  unbiased[c] = var * count/(count-1)
//
//   parts  (S, 2, C): mean and squared deviation of each piece    saved  (2, C)    unbiased  (C)
//
// Pieces hold per*plane values each, the last one what is left of count. One invocation
// joins one channel's pieces in order, with the update of Chan, Golub and LeVeque (1979).
#include "dispatch.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const float EPSILON = 1e-5;

layout(push_constant) uniform Push { uint piece, count, S; } push; // values in a full piece, in the batch

layout(std430, binding = 0) readonly  buffer Parts { float parts[]; };
layout(std430, binding = 1) writeonly buffer Saved { float saved[]; };
layout(std430, binding = 2) writeonly buffer Unbiased { float unbiased[]; };

void main() {
    uint c = invocation();
    if (c >= C) return;
    float n = 0.0, mean = 0.0, square = 0.0;
    for (uint s = 0u; s < push.S; s++) {
        float m = float(min(push.piece, push.count - s * push.piece));
        float delta = parts[(2u * s) * C + c] - mean;
        float share = m / (n + m);
        mean += delta * share;
        square += parts[(2u * s + 1u) * C + c] + delta * delta * n * share;
        n += m;
    }
    saved[c] = mean;
    saved[C + c] = 1.0 / sqrt(square / n + EPSILON);
    unbiased[c] = square / (n - 1.0);
}
