#version 450
#extension GL_GOOGLE_include_directive : require
// dropout2d, relu_backward and the first stage of batch_norm2d_backward in one pass: with g = the gradient that
// dropout and ReLU let through,
//   parts[s,0,c] = sum of g[n,c,r],  parts[s,1,c] = sum of g[n,c,r] * (x[n,c,r] - mean) / sqrt(var + eps)
//
//   dy, x    (N/g, C, g, PLANE*CHUNK), g being GD and GX, planes being images where there is dropout
//   vectors  mean, 1/sqrt(var + eps), scale, bias (C each, see channels.glsl); if DROPOUT, mask (N, C) from push.mask on
//   parts    (S, 2, C)
//
// Piece s holds the planes n = s*per .. min(N, (s+1)*per)-1. One team takes one channel of one piece (see plane_walk.glsl).
//
// With ANY_FUNCTION there is another activation in ReLU's place: FUNCTION of activation.glsl.
//
// kernel norm_relu_dropout_backward_reduce
// kernel norm_relu_dropout_backward_reduce_texel: TEXEL
// kernel norm_relu_dropout_backward_reduce_any: SCALAR
// kernel norm_activation_backward_reduce: ANY_FUNCTION
// kernel norm_activation_backward_reduce_texel: ANY_FUNCTION TEXEL
// kernel norm_activation_backward_reduce_any: ANY_FUNCTION SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#ifdef ANY_FUNCTION
layout(constant_id = 7) const uint FUNCTION = 1;
#endif
#include "norm_relu_dropout.glsl"

layout(constant_id = 1) const uint C = 64;
#include "channels.glsl"
layout(constant_id = 2) const uint PLANE = 256; // in chunks
layout(constant_id = 3) const uint GD = 1;
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint RUN = 4;
layout(constant_id = 6) const bool DROPOUT = true;
#ifdef ANY_FUNCTION
layout(constant_id = 8) const uint TEAM = 1;
layout(constant_id = 9) const uint ACROSS = 1;
#else
layout(constant_id = 7) const uint TEAM = 1;
layout(constant_id = 8) const uint ACROSS = 1;
#endif
#define SUMMED vec2
#include "plane_walk.glsl"

layout(push_constant) uniform Push { uint N, per, S, mask; } push;

layout(std430, binding = 0) readonly  buffer Vectors { float vectors[]; };
layout(std430, binding = 1) writeonly buffer Parts { float parts[]; };
ACTIVATION(2, DY, dy);
ACTIVATION(3, X, x);

void main() {
    uint id = team();
    if (id >= C * push.S) return;
    uint c = id % C, s = id / C;
    Channel ch = Channel(vectors[MEAN + c], vectors[SCALE + c], vectors[BIAS + c], 1.0);
    chunk sum = chunk(0.0), product = chunk(0.0);
    EACH_PLANE(n, s * push.per, min((s + 1u) * push.per, push.N)) {
        uint from_d = plane_at(n, c, C, GD, PLANE), from_x = plane_at(n, c, C, GX, PLANE);
        if (DROPOUT) ch.mask = vectors[push.mask + n * C + c];
        EACH_RUN(r) {
            EACH_STEP(i) {
                chunk v = FETCH(x, from_x + r + i), g = through(ch, v, FETCH(dy, from_d + r + i));
                sum += g;
                product += g * (v - ch.mean);
            }
        }
    }
    vec2 all = team_sum(vec2(total(sum), total(product)));
    if (lane() > 0u) return;
    parts[(2u * s) * C + c] = all.x;
    parts[(2u * s + 1u) * C + c] = all.y * vectors[INVERSE + c];
}
