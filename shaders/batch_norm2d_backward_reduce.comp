#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d_backward, first stage: what the gradients of weight and bias sum over a piece of the batch
//   parts[s,0,c] = sum of dy[n,c,r],  parts[s,1,c] = sum of dy[n,c,r] * (x[n,c,r] - mean) / sqrt(var + eps)
//
//   dy, x  (N/g, C, g, PLANE*CHUNK), g being GD and GX    saved  (2, C)    parts  (S, 2, C)
//
// Piece s holds the planes n = s*per .. min(N, (s+1)*per)-1; batch_norm2d_backward_finish adds the pieces up. One team
// takes one channel of one piece (see plane_walk.glsl).
//
// kernel batch_norm2d_backward_reduce
// kernel batch_norm2d_backward_reduce_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint PLANE = 256;
layout(constant_id = 3) const uint GD = 1;
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint TEAM = 1;
layout(constant_id = 6) const uint ACROSS = 1;
#define RUN 1u
#define SUMMED vec2
#include "plane_walk.glsl"

layout(push_constant) uniform Push { uint N, per, S; } push;

ACTIVATION(0, DY, dy);
ACTIVATION(1, X, x);
layout(std430, binding = 2) readonly  buffer Saved { float saved[]; };
layout(std430, binding = 3) writeonly buffer Parts { float parts[]; };

void main() {
    uint id = team();
    if (id >= C * push.S) return;
    uint c = id % C, s = id / C;
    float mean = saved[c];
    chunk sum = chunk(0.0), product = chunk(0.0);
    EACH_PLANE(n, s * push.per, min((s + 1u) * push.per, push.N)) {
        uint from_d = plane_at(n, c, C, GD, PLANE), from_x = plane_at(n, c, C, GX, PLANE);
        EACH_RUN(r) {
            chunk d = FETCH(dy, from_d + r);
            sum += d;
            product += d * (FETCH(x, from_x + r) - mean);
        }
    }
    vec2 all = team_sum(vec2(total(sum), total(product)));
    if (lane() > 0u) return;
    parts[(2u * s) * C + c] = all.x;
    parts[(2u * s + 1u) * C + c] = all.y * saved[C + c];
}
