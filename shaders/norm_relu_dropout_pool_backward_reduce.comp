#version 450
#extension GL_GOOGLE_include_directive : require
// max_pool2d_backward, dropout2d, relu_backward and the first stage of batch_norm2d_backward in one pass: with g = the
// gradient that pooling, dropout and ReLU let through,
//   parts[s,0,c] = sum of g[n,c,i,j],  parts[s,1,c] = sum of g[n,c,i,j] * (x[n,c,i,j] - mean) / sqrt(var + eps)
//
//   dy       (N/GD, C, GD, H/2, W/2)    x  (N/GX, C, GX, H, W)   float32, W a multiple of 8, H even
//   vectors  mean, 1/sqrt(var + eps), scale, bias (C each, see channels.glsl); if DROPOUT, mask (N, C) from push.mask on
//   parts    (S, 2, C)
//
// Piece s holds the images n = s*per .. min(N, (s+1)*per)-1. One team takes one channel of one piece (see plane_walk.glsl), an
// invocation four windows at a time; the winner of a window is found again from x.
//
// kernel norm_relu_dropout_pool_backward_reduce
// kernel norm_relu_dropout_pool_backward_reduce_texel: TEXEL
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "norm_relu_dropout.glsl"

layout(constant_id = 1) const uint C = 64;
#include "channels.glsl"
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint GD = 1;
layout(constant_id = 5) const uint GX = 1;
layout(constant_id = 6) const uint RUN = 4;
layout(constant_id = 7) const bool DROPOUT = true;
layout(constant_id = 8) const uint TEAM = 1;
layout(constant_id = 9) const uint ACROSS = 1;
const uint PLANE = H / 2u * (W / 8u); // the vec4s of dy
#define SUMMED vec2
#include "plane_walk.glsl"

layout(push_constant) uniform Push { uint N, per, S, mask; } push;

layout(std430, binding = 0) readonly  buffer Vectors { float vectors[]; };
layout(std430, binding = 1) writeonly buffer Parts { float parts[]; };
ACTIVATION(2, DY, dy);
ACTIVATION(3, X, x);

vec4 sum = vec4(0.0), product = vec4(0.0);

// windows adds up two windows: the left and the right half of a vec4 of each of two rows.
void windows(Channel ch, vec2 d, vec4 top, vec4 bottom) {
    vec4 to_top, to_bottom;
    route(d, activated(ch, top), activated(ch, bottom), to_top, to_bottom);
    vec4 g = through(ch, top, to_top), h = through(ch, bottom, to_bottom);
    sum += g + h;
    product += g * (top - ch.mean) + h * (bottom - ch.mean);
}

void main() {
    uint id = team();
    if (id >= C * push.S) return;
    const uint row = W / 4u, outputs = W / 8u; // vec4s in a row of x and of dy
    uint c = id % C, s = id / C;
    Channel ch = Channel(vectors[MEAN + c], vectors[SCALE + c], vectors[BIAS + c], 1.0);
    EACH_PLANE(n, s * push.per, min((s + 1u) * push.per, push.N)) {
        uint from_d = plane_at(n, c, C, GD, PLANE), from_x = plane_at(n, c, C, GX, H * row);
        if (DROPOUT) ch.mask = vectors[push.mask + n * C + c];
        EACH_RUN(first) {
            EACH_STEP(i) {
                uint r = first + i, at = from_x + r / outputs * 2u * row + r % outputs * 2u;
                vec4 d = FETCH(dy, from_d + r);
                windows(ch, d.xy, FETCH(x, at), FETCH(x, at + row));
                windows(ch, d.zw, FETCH(x, at + 1u), FETCH(x, at + row + 1u));
            }
        }
    }
    vec2 all = team_sum(vec2(total(sum), total(product)));
    if (lane() > 0u) return;
    parts[(2u * s) * C + c] = all.x;
    parts[(2u * s + 1u) * C + c] = all.y * vectors[INVERSE + c];
}
