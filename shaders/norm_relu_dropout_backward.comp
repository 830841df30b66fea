#version 450
#extension GL_GOOGLE_include_directive : require
// dropout2d, relu_backward and the last stage of batch_norm2d_backward in one pass: with g = the gradient that dropout and
// ReLU let through,  dx = scale * (g - mean(g) - (x - mean) * mean(g*xhat) / sqrt(var + eps))
//
//   dy, x, dx  (N/g, C, g, PLANE*CHUNK), g being GD, GX and GY, planes being images where there is dropout
//   vectors    mean, 1/sqrt(var + eps), scale, bias, mean(g), mean(g*xhat)/sqrt(var + eps) (C each, see channels.glsl); if DROPOUT, mask
//              (N, C) from push.mask on
//
// One invocation makes RUN neighbours of a plane, each a chunk.
//
// With ANY_FUNCTION there is another activation in ReLU's place, or none: FUNCTION of activation.glsl.
//
// ops: batch_norm2d_backward (the last stage, with NONE)
// kernel norm_relu_dropout_backward
// kernel norm_relu_dropout_backward_texel: TEXEL
// kernel norm_relu_dropout_backward_any: SCALAR
// kernel norm_activation_backward: ANY_FUNCTION
// kernel norm_activation_backward_texel: ANY_FUNCTION TEXEL
// kernel norm_activation_backward_any: ANY_FUNCTION SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#ifdef ANY_FUNCTION
layout(constant_id = 8) const uint FUNCTION = 1;
#endif
#include "norm_relu_dropout.glsl"

layout(constant_id = 1) const uint C = 64;
#include "channels.glsl"
layout(constant_id = 2) const uint PLANE = 256; // in chunks
layout(constant_id = 3) const uint GD = 1;
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;
layout(constant_id = 6) const uint RUN = 4;
layout(constant_id = 7) const bool DROPOUT = true;

layout(push_constant) uniform Push { uint count, mask; } push; // N*C*PLANE/RUN

layout(std430, binding = 0) readonly  buffer Vectors { float vectors[]; };
RESULTS(1, DX, dx);
ACTIVATION(2, DY, dy);
ACTIVATION(3, X, x);

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    Place p = place_of(id, C, GY, PLANE / RUN);
    uint c = p.c;
    Channel ch = Channel(vectors[MEAN + c], vectors[SCALE + c], vectors[BIAS + c], DROPOUT ? vectors[push.mask + p.n * C + c] : 1.0);
    float mean_g = vectors[MEAN_G + c], mean_gx = vectors[MEAN_GX + c];
    uint from_d = plane_at(p.n, c, C, GD, PLANE) + p.r * RUN, from_x = plane_at(p.n, c, C, GX, PLANE) + p.r * RUN;
    for (uint i = 0u; i < RUN; i++) {
        chunk v = FETCH(x, from_x + i), g = through(ch, v, FETCH(dy, from_d + i));
        STORE(dx, id * RUN + i, ch.scale * (g - mean_g - (v - ch.mean) * mean_gx));
    }
}
