#version 450
#extension GL_GOOGLE_include_directive : require
// winograd_weight_gradient: dw = GT [ parts[0] + parts[1] + ... + parts[S-1] ] G for every pair of channels (see winograd.glsl)
//
//   parts  (S, 36, count*CHUNK)   of winograd_weight_product; count*CHUNK = M*K
//   dw     (M, K, 3, 3)
//
// One invocation makes the nine taps of CHUNK neighbouring pairs of channels; the sum's order is fixed.
//
// ops: conv2d_backward_weight
// kernel winograd_weight_gradient
// kernel winograd_weight_gradient_texel: TEXEL
// kernel winograd_weight_gradient_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "winograd.glsl"

layout(push_constant) uniform Push { uint count, S; } push;

layout(std430, binding = 0) writeonly buffer DW { chunk dw[]; };
FLOATS(1, Parts, parts);

chunk element(uint t, uint id) {
    chunk sum = READ(parts, t * push.count + id);
    for (uint s = 1u; s < push.S; s++) sum += READ(parts, (s * 36u + t) * push.count + id);
    return sum;
}

#define ELEMENT(t) element(t, id)
#define ROW(i) rows[i] = to_taps(Six(ELEMENT(6u * i), ELEMENT(6u * i + 1u), ELEMENT(6u * i + 2u), ELEMENT(6u * i + 3u), ELEMENT(6u * i + 4u), ELEMENT(6u * i + 5u)));
#define COLUMN(field) Three field = to_taps(Six(rows[0].field, rows[1].field, rows[2].field, rows[3].field, rows[4].field, rows[5].field));

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    Three rows[6];
    EACH_OF_6(ROW)
    COLUMN(a) COLUMN(b) COLUMN(c) // of the nine taps; their fields are its rows
    uint to = id * 9u;
#ifdef SCALAR
    dw[to] = a.a;      dw[to + 1u] = b.a; dw[to + 2u] = c.a;
    dw[to + 3u] = a.b; dw[to + 4u] = b.b; dw[to + 5u] = c.b;
    dw[to + 6u] = a.c; dw[to + 7u] = b.c; dw[to + 8u] = c.c;
#else
    // Nine taps of a pair after the other: texel i of the nine is taps 4i to 4i+3 of the 36.
    dw[to]      = vec4(a.a.x, b.a.x, c.a.x, a.b.x);
    dw[to + 1u] = vec4(b.b.x, c.b.x, a.c.x, b.c.x);
    dw[to + 2u] = vec4(c.c.x, a.a.y, b.a.y, c.a.y);
    dw[to + 3u] = vec4(a.b.y, b.b.y, c.b.y, a.c.y);
    dw[to + 4u] = vec4(b.c.y, c.c.y, a.a.z, b.a.z);
    dw[to + 5u] = vec4(c.a.z, a.b.z, b.b.z, c.b.z);
    dw[to + 6u] = vec4(a.c.z, b.c.z, c.c.z, a.a.w);
    dw[to + 7u] = vec4(b.a.w, c.a.w, a.b.w, b.b.w);
    dw[to + 8u] = vec4(c.b.w, a.c.w, b.c.w, c.c.w);
#endif
}
