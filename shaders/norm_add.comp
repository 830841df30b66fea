#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d (normalising), add and an activation in one pass, the end of a residual block: y = f((x - mean) * scale + bias + skip)
//
//   x, skip, y  (N/g, C, g, PLANE*CHUNK), g being GX, GS and GY
//   vectors     (4, C): mean, 1/sqrt(var + eps), scale, bias (see channels.glsl)
//
// f is FUNCTION of activation.glsl. One invocation makes RUN neighbours of a plane, each a chunk, so that a channel's numbers are
// looked up once for them.
//
// kernel norm_add
// kernel norm_add_texel: TEXEL
// kernel norm_add_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "activation.glsl"

layout(constant_id = 1) const uint C = 64;
#include "channels.glsl"
layout(constant_id = 2) const uint PLANE = 256; // in chunks
layout(constant_id = 3) const uint GX = 1;
layout(constant_id = 4) const uint GS = 1;
layout(constant_id = 5) const uint GY = 1;
layout(constant_id = 6) const uint RUN = 4; // divides PLANE
layout(constant_id = 7) const uint FUNCTION = 6;

layout(push_constant) uniform Push { uint count; } push; // N*C*PLANE/RUN

layout(std430, binding = 0) readonly  buffer Vectors { float vectors[]; };
RESULTS(1, Y, y);
ACTIVATION(2, X, x);
ACTIVATION(3, Skip, skip);

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    Place p = place_of(id, C, GY, PLANE / RUN);
    float mean = vectors[MEAN + p.c], scale = vectors[SCALE + p.c], bias = vectors[BIAS + p.c];
    uint from_x = plane_at(p.n, p.c, C, GX, PLANE) + p.r * RUN, from_s = plane_at(p.n, p.c, C, GS, PLANE) + p.r * RUN;
    for (uint i = 0u; i < RUN; i++) {
        STORE(y, id * RUN + i, activated(FUNCTION, (FETCH(x, from_x + i) - mean) * scale + bias + FETCH(skip, from_s + i)));
    }
}
