#version 450
#extension GL_GOOGLE_include_directive : require
// winograd_gradient: V = A d AT for every tile of the gradient by the output (see winograd.glsl)
//
//   d  (N/G, C, G, H, W)      float32, 0 outside; texels and vec4s: W = WIDTH*4, floats: W = WIDTH
//   V  (36, count*CHUNK)      that is (36, panels, C, PLANE*CHUNK) of the tiles from `first` on, 0 behind the last
//
// As winograd_input does with the tiles of the input, but they are 4 x 4 and have no edge.
//
// ops: conv2d_backward_weight
// kernel winograd_gradient
// kernel winograd_gradient_texel: TEXEL
// kernel winograd_gradient_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "winograd.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 16;
layout(constant_id = 3) const uint WIDTH = 4;
layout(constant_id = 4) const uint G = 1;
layout(constant_id = 5) const uint PLANE = 64; // tiles of a panel, in chunks

layout(push_constant) uniform Push { uint count, first, tiles; } push; // tiles: N*ceil(H/4)*ceil(W/4)

layout(std430, binding = 0) writeonly buffer V { chunk v[]; };
ACTIVATION(1, D, d);

#include "winograd_tiles.glsl"

#ifdef SCALAR
#define VALUE(j) (inside && t.column + (j) < WIDTH ? FETCH(d, t.at + (r) * WIDTH + (j)) : 0.0)
#define ROW(n) { \
    const uint r = n; \
    bool inside = t.real && t.row + r < H; \
    rows[n] = of_gradient(Four(VALUE(0u), VALUE(1u), VALUE(2u), VALUE(3u))); }
#else
#define TEXEL_OF(i, t, r) \
    bool inside##i = t.real && t.row + (r) < H; \
    vec4 d##i = FETCH(d, inside##i ? t.at + (r) * WIDTH : t.at); \
    if (!inside##i) d##i = vec4(0.0);
#define ROW(n) { \
    TEXEL_OF(0, t0, n) TEXEL_OF(1, t1, n) TEXEL_OF(2, t2, n) TEXEL_OF(3, t3, n) \
    rows[n] = of_gradient(Four(vec4(d0.x, d1.x, d2.x, d3.x), vec4(d0.y, d1.y, d2.y, d3.y), \
                               vec4(d0.z, d1.z, d2.z, d3.z), vec4(d0.w, d1.w, d2.w, d3.w))); }
#endif

#define COLUMN(j, field) { \
    Six s = of_gradient(Four(rows[0].field, rows[1].field, rows[2].field, rows[3].field)); \
    v[j * push.count + id] = s.a;         v[(6 + j) * push.count + id] = s.b;  v[(12 + j) * push.count + id] = s.c; \
    v[(18 + j) * push.count + id] = s.d;  v[(24 + j) * push.count + id] = s.e; v[(30 + j) * push.count + id] = s.f; }

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    uint c = id / PLANE % C, p = push.first + (id / (PLANE * C) * PLANE + id % PLANE) * CHUNK;
    Six rows[4];
#ifdef SCALAR
    Tile t = tile_of(p, push.tiles, c);
#else
    Tile t0 = tile_of(p, push.tiles, c), t1 = tile_of(p + 1u, push.tiles, c), t2 = tile_of(p + 2u, push.tiles, c), t3 = tile_of(p + 3u, push.tiles, c);
#endif
    ROW(0) ROW(1) ROW(2) ROW(3)
    EACH_FIELD(COLUMN)
}
