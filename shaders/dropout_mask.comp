#version 450
#extension GL_GOOGLE_include_directive : require
// dropout_mask: mask[n,c,r] = 0 with probability p, else 1/(1-p)
//
//   random  seed, step, place of the batch's first sample in the global batch
//   mask    (N/G, C, G, PLANE*CHUNK), planes being images
//
// One invocation draws four neighbouring values of an image, number i = c*PLANE*CHUNK + r and so on: by Philox with key (seed, LAYER) and
// counter (step, sample, i/4, 1), where dropout2d_mask's ends with 0. A value stays where its draw's upper 24 bits reach
// THRESHOLD = floor(p * 2^24). Without SCALAR the four lie together.
//
// kernel dropout_mask
// kernel dropout_mask_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "philox.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint PLANE = 256;
layout(constant_id = 3) const uint G = 1;
layout(constant_id = 4) const uint LAYER = 0;
layout(constant_id = 5) const uint THRESHOLD = 0;
layout(constant_id = 6) const float SCALE = 1.0;

layout(push_constant) uniform Push { uint count; } push; // N * ceil(C*PLANE*CHUNK / 4)

RESULTS(0, Mask, mask);
layout(std140, binding = 1) uniform Random { uvec4 random; };

vec4 drawn(uint n, uint quad) {
    uvec4 draw = philox(uvec4(random.y, random.z + n, quad, 1u), uvec2(random.x, LAYER)) >> 8u;
    return mix(vec4(0.0), vec4(SCALE), greaterThanEqual(draw, uvec4(THRESHOLD)));
}

void main() {
    uint id = invocation();
    if (id >= push.count) return;
#ifdef SCALAR
    const uint quads = (C * PLANE + 3u) / 4u;
    uint n = id / quads, quad = id % quads;
    vec4 values = drawn(n, quad);
    for (uint k = 0u; k < 4u; k++) {
        uint i = 4u * quad + k;
        if (i < C * PLANE) STORE(mask, plane_at(n, i / PLANE, C, G, PLANE) + i % PLANE, values[k]);
    }
#else
    Place p = place_of(id, C, G, PLANE);
    STORE(mask, id, drawn(p.n, p.c * PLANE + p.r));
#endif
}
