#version 450
#extension GL_GOOGLE_include_directive : require
// max_pool2d_backward, dropout2d, relu_backward and the last stage of batch_norm2d_backward in one pass: with g = the
// gradient that pooling, dropout and ReLU let through,
//   dx = scale * (g - mean(g) - (x - mean) * mean(g*xhat) / sqrt(var + eps))
//
//   dy       (N/GD, C, GD, H/2, W/2)    x, dx  (N/g, C, g, H, W), g being GX and GY; W a multiple of 8, H even
//   vectors  mean, 1/sqrt(var + eps), scale, bias, mean(g), mean(g*xhat)/sqrt(var + eps) (C each, see channels.glsl); if DROPOUT, mask
//            (N, C) from push.mask on
//
// One invocation takes RUN times four neighbouring windows: two vec4 of each of two rows.
//
// kernel norm_relu_dropout_pool_backward
// kernel norm_relu_dropout_pool_backward_texel: TEXEL
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
layout(constant_id = 6) const uint GY = 1;
layout(constant_id = 7) const uint RUN = 4;
layout(constant_id = 8) const bool DROPOUT = true;

layout(push_constant) uniform Push { uint count, mask; } push; // N*C*(H/2)*(W/8)/RUN

layout(std430, binding = 0) readonly  buffer Vectors { float vectors[]; };
RESULTS(1, DX, dx);
ACTIVATION(2, DY, dy);
ACTIVATION(3, X, x);

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    const uint row = W / 4u, outputs = W / 8u; // vec4s in a row of x and of dy
    Place p = place_of(id, C, GD, H / 2u * outputs / RUN);
    uint c = p.c;
    Channel ch = Channel(vectors[MEAN + c], vectors[SCALE + c], vectors[BIAS + c], DROPOUT ? vectors[push.mask + p.n * C + c] : 1.0);
    float mean_g = vectors[MEAN_G + c], mean_gx = vectors[MEAN_GX + c];
    uint from = plane_at(p.n, c, C, GX, H * row), to = plane_at(p.n, c, C, GY, H * row);
    for (uint i = 0u; i < RUN; i++) {
        uint r = p.r * RUN + i, at = r / outputs * 2u * row + r % outputs * 2u;
        vec4 d = FETCH(dy, id * RUN + i);
        for (uint half_ = 0u; half_ < 2u; half_++) {
            uint place = at + half_;
            vec4 top = FETCH(x, from + place), bottom = FETCH(x, from + place + row), to_top, to_bottom;
            route(half_ == 0u ? d.xy : d.zw, activated(ch, top), activated(ch, bottom), to_top, to_bottom);
            STORE(dx, to + place, ch.scale * (through(ch, top, to_top) - mean_g - (top - ch.mean) * mean_gx));
            STORE(dx, to + place + row, ch.scale * (through(ch, bottom, to_bottom) - mean_g - (bottom - ch.mean) * mean_gx));
        }
    }
}
