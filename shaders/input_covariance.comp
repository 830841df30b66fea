#version 450
#extension GL_GOOGLE_include_directive : require
// input_covariance, first stage of batch_norm2d behind a pointwise convolution of few inputs: means and co-moments of
// the K <= 4 channels over a piece of the batch,
//   parts[s, i] = mean of x[n,i,r],  parts[s, 4 + 4i + j] = sum of (x[n,i,r] - mean_i) (x[n,j,r] - mean_j), 0 beyond K
//
//   x      (N/G, K, G, PLANE*CHUNK)   float32      parts  (S, 20)
//
// Piece s holds the planes n = s*per .. min(N, (s+1)*per)-1. One team takes one piece (see plane_walk.glsl); as in
// batch_norm2d_statistics it sums differences from the piece's first value, so that nothing cancels.
//
// kernel input_covariance
// kernel input_covariance_texel: TEXEL
// kernel input_covariance_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint K = 3;
layout(constant_id = 2) const uint PLANE = 256; // in chunks
layout(constant_id = 3) const uint G = 1;
layout(constant_id = 4) const uint TEAM = 1;
layout(constant_id = 5) const uint ACROSS = 1;
#define RUN 1u
#define SUMMED vec4
#include "plane_walk.glsl"

layout(push_constant) uniform Push { uint N, per, S; } push;

layout(std430, binding = 0) writeonly buffer Parts { float parts[]; };
FLOATS(1, X, x);

void main() {
    uint s = team();
    if (s >= push.S) return;
    uint first = s * push.per, end = min(first + push.per, push.N);

    vec4 shift = vec4(0.0); // of each channel
#ifdef SCALAR
    for (uint i = 0u; i < K; i++) shift[i] = READ(x, plane_at(first, i, K, G, PLANE));
#else
    for (uint i = 0u; i < K; i++) shift[i] = READ(x, plane_at(first, i, K, G, PLANE)).x;
#endif
    chunk sum[4], product[16]; // of a chunk's pixels each
    for (uint i = 0u; i < 4u; i++) sum[i] = chunk(0.0);
    for (uint i = 0u; i < 16u; i++) product[i] = chunk(0.0);
    EACH_PLANE(n, first, end) {
        EACH_RUN(r) {
            chunk d[4];
            for (uint i = 0u; i < K; i++) {
                d[i] = READ(x, plane_at(n, i, K, G, PLANE) + r) - shift[i];
                sum[i] += d[i];
                for (uint j = 0u; j <= i; j++) product[4u * i + j] += d[i] * d[j];
            }
        }
    }
    float count = float((end - first) * PLANE * CHUNK);
    vec4 sums = team_sum(vec4(total(sum[0]), total(sum[1]), total(sum[2]), total(sum[3])));
    for (uint i = 0u; i < 4u; i++) {
        vec4 products = team_sum(vec4(total(product[4u * i]), total(product[4u * i + 1u]), total(product[4u * i + 2u]), total(product[4u * i + 3u])));
        if (lane() > 0u) continue;
        parts[20u * s + i] = i < K ? shift[i] + sums[i] / count : 0.0;
        for (uint j = 0u; j <= i; j++) {
            float moment = i < K ? products[j] - sums[i] * sums[j] / count : 0.0;
            parts[20u * s + 4u + 4u * i + j] = moment;
            parts[20u * s + 4u + 4u * j + i] = moment;
        }
    }
}
