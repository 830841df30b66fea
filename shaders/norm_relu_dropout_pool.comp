#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d (normalising), relu, dropout2d and max_pool2d in one pass:
//   y[n,c,i,j] = the largest of relu((x - mean) * scale + bias) * mask[n,c] in x[n,c,2i..2i+1,2j..2j+1]
//
//   x       (N/GX, C, GX, H, W)   float32, W a multiple of 8, H even    y  (N/GY, C, GY, H/2, W/2)
//   vectors (4, C): mean, 1/sqrt(var + eps), scale, bias (see channels.glsl)
//   mask    (N, C) by dropout2d_mask, without DROPOUT bound to anything
//
// One invocation makes RUN neighbouring vec4s of outputs, each from two vec4 of each of two rows.
//
// kernel norm_relu_dropout_pool
// kernel norm_relu_dropout_pool_texel: TEXEL
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "norm_relu_dropout.glsl"

layout(constant_id = 1) const uint C = 64;
#include "channels.glsl"
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint GX = 1;
layout(constant_id = 5) const uint GY = 1;
layout(constant_id = 6) const uint RUN = 4;
layout(constant_id = 7) const bool DROPOUT = true;

layout(push_constant) uniform Push { uint count; } push; // N*C*(H/2)*(W/8)/RUN

layout(std430, binding = 0) readonly  buffer Vectors { float vectors[]; };
layout(std430, binding = 1) readonly  buffer Mask { float mask[]; };
RESULTS(2, Y, y);
ACTIVATION(3, X, x);

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    const uint row = W / 4u, outputs = W / 8u; // vec4s in a row of x and of y
    Place p = place_of(id, C, GY, H / 2u * outputs / RUN);
    Channel ch = Channel(vectors[MEAN + p.c], vectors[SCALE + p.c], vectors[BIAS + p.c], DROPOUT ? mask[p.n * C + p.c] : 1.0);
    uint plane = plane_at(p.n, p.c, C, GX, H * row);
    for (uint i = 0u; i < RUN; i++) {
        uint r = p.r * RUN + i, at = plane + r / outputs * 2u * row + r % outputs * 2u;
        vec4 a = max(activated(ch, FETCH(x, at)), activated(ch, FETCH(x, at + row)));
        vec4 b = max(activated(ch, FETCH(x, at + 1u)), activated(ch, FETCH(x, at + row + 1u)));
        STORE(y, id * RUN + i, max(vec4(a.xz, b.xz), vec4(a.yw, b.yw)));
    }
}
