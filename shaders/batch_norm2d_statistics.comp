#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d, first stage: mean and squared deviation of one channel over a piece of the batch
//   parts[s,0,c] = mean of x[n,c,r],  parts[s,1,c] = sum of (x[n,c,r] - that mean)^2
//
//   x      (N/G, C, G, PLANE*CHUNK)   parts  (S, 2, C)
//
// Piece s holds the planes n = s*per .. min(N, (s+1)*per)-1. One team takes one channel of one piece (see plane_walk.glsl)
// in one pass: it sums differences from the piece's first value, which is near the mean
// wherever the mean is large, so nothing cancels in float32.
//
// kernel batch_norm2d_statistics
// kernel batch_norm2d_statistics_any: SCALAR
// kernel batch_norm2d_statistics_texel: TEXEL
#include "dispatch.glsl"
#include "fetch.glsl"
#include "chunk.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint PLANE = 256;
layout(constant_id = 3) const uint G = 1;
layout(constant_id = 4) const uint RUN = 4;
layout(constant_id = 5) const uint TEAM = 1;
layout(constant_id = 6) const uint ACROSS = 1;
#define SUMMED vec2
#include "plane_walk.glsl"

layout(push_constant) uniform Push { uint N, per, S; } push;

layout(std430, binding = 0) writeonly buffer Parts { float parts[]; };
ACTIVATION(1, X, x);

void main() {
    uint id = team();
    if (id >= C * push.S) return;
    uint c = id % C, s = id / C;
    uint first = s * push.per, end = min(first + push.per, push.N);

#ifdef SCALAR
    float shift = FETCH(x, plane_at(first, c, C, G, PLANE));
#else
    float shift = FETCH(x, plane_at(first, c, C, G, PLANE)).x;
#endif
    chunk sum = chunk(0.0), square = chunk(0.0);
    EACH_PLANE(n, first, end) {
        uint at = plane_at(n, c, C, G, PLANE);
        EACH_RUN(r) {
            EACH_STEP(i) {
                chunk d = FETCH(x, at + r + i) - shift;
                sum += d;
                square += d * d;
            }
        }
    }
    vec2 all = team_sum(vec2(total(sum), total(square)));
    if (lane() > 0u) return;
    float count = float((end - first) * PLANE * CHUNK), mean = all.x / count;
    parts[(2u * s) * C + c] = shift + mean;
    parts[(2u * s + 1u) * C + c] = max(all.y - all.x * mean, 0.0);
}
