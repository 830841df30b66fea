#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d (normalising), relu and dropout2d in one pass: y = relu((x - mean) * scale + bias) * mask[n,c]
//
//   x       (N/GX, C, GX, PLANE*CHUNK)   y  (N/GY, C, GY, PLANE*CHUNK), planes being images where there is dropout
//   vectors (4, C): mean, 1/sqrt(var + eps), scale, bias (see channels.glsl)
//   mask    (N, C) by dropout2d_mask, without DROPOUT bound to anything
//
// One invocation makes RUN neighbours of a plane, each a chunk, so that a channel's numbers are looked up once for them.
//
// With ANY_FUNCTION there is another activation in ReLU's place, or none: FUNCTION of activation.glsl.
//
// ops: batch_norm2d, batch_norm2d_eval (the last stage, with NONE)
// kernel norm_relu_dropout
// kernel norm_relu_dropout_texel: TEXEL
// kernel norm_relu_dropout_any: SCALAR
// kernel norm_activation: ANY_FUNCTION
// kernel norm_activation_texel: ANY_FUNCTION TEXEL
// kernel norm_activation_any: ANY_FUNCTION SCALAR
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
layout(constant_id = 3) const uint GX = 1;
layout(constant_id = 4) const uint GY = 1;
layout(constant_id = 5) const uint RUN = 4;
layout(constant_id = 6) const bool DROPOUT = true;

layout(push_constant) uniform Push { uint count; } push; // N*C*PLANE/RUN

layout(std430, binding = 0) readonly  buffer Vectors { float vectors[]; };
layout(std430, binding = 1) readonly  buffer Mask { float mask[]; };
RESULTS(2, Y, y);
ACTIVATION(3, X, x);

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    Place p = place_of(id, C, GY, PLANE / RUN);
    Channel ch = Channel(vectors[MEAN + p.c], vectors[SCALE + p.c], vectors[BIAS + p.c], DROPOUT ? mask[p.n * C + p.c] : 1.0);
    uint from = plane_at(p.n, p.c, C, GX, PLANE) + p.r * RUN, to = id * RUN;
    for (uint i = 0u; i < RUN; i++) STORE(y, to + i, activated(ch, FETCH(x, from + i)));
}
