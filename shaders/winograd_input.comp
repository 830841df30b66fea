#version 450
#extension GL_GOOGLE_include_directive : require
// winograd_input: V = BT d B for every tile of x and its edge of one pixel (see winograd.glsl)
//
//   x  (N/G, C, G, H, W)      float32, 0 outside; texels and vec4s: W = WIDTH*4, floats: W = WIDTH
//   V  (36, count*CHUNK)      that is (36, panels, C, PLANE*CHUNK) of the tiles from `first` on, 0 behind the last
//
// An invocation transforms CHUNK neighbouring tiles of a channel at once, one to a component, so that it stores vec4s. A row of six
// inputs is the texel above the tile and a value of each neighbour; neighbouring tiles of a row share theirs.
// The floats' kernel transforms one tile: it takes every width, and suits GPUs, which have no registers for 36 vec4s.
//
// ops: conv2d, conv2d_backward_data, conv2d_backward_weight
// kernel winograd_input
// kernel winograd_input_texel: TEXEL
// kernel winograd_input_any: SCALAR
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
ACTIVATION(1, X, x);

#include "winograd_tiles.glsl"

#ifdef SCALAR
#define VALUE(j) (inside && t.column + (j) < WIDTH ? FETCH(x, at + (j)) : 0.0)
#define ROW(r) { \
    bool inside = t.real && t.row + (r) - 1u < H; /* wraps around above the image */ \
    uint at = t.at + ((r) - 1u) * WIDTH; \
    float left = 0.0; \
    if (inside && t.column > 0u) left = FETCH(x, at - 1u); \
    rows[r] = of_input(Six(left, VALUE(0u), VALUE(1u), VALUE(2u), VALUE(3u), VALUE(4u))); }
#else
// Whether tile i of the four stands in a row with the one before it.
#define SHARED(i) (WIDTH % 4u == 0u || WIDTH % 2u == 0u && (i) % 2 == 1)

// MIDDLE is the texel of tile i in row r, the edges the values beside it. What must not be read is replaced by the tile's
// first texel, so that no index leaves the buffer.
#define MIDDLE(i, t, r) \
    bool inside##i = t.real && t.row + (r) - 1u < H; /* wraps around above the image */ \
    uint at##i = inside##i ? t.at + ((r) - 1u) * WIDTH : t.at; \
    vec4 middle##i = FETCH(x, at##i); \
    if (!inside##i) middle##i = vec4(0.0);
#define EDGES(i, before, after, t) \
    if (i > 0 && SHARED(i)) left[i] = middle##before.w; \
    else if (WIDTH > 1u) { \
        float edge = FETCH(x, t.column > 0u ? at##i - 1u : at##i).w; \
        left[i] = inside##i && t.column > 0u ? edge : 0.0; \
    } \
    if (i < 3 && SHARED(after)) right[i] = middle##after.x; \
    else if (WIDTH > 1u) { \
        float edge = FETCH(x, t.column + 1u < WIDTH ? at##i + 1u : at##i).x; \
        right[i] = inside##i && t.column + 1u < WIDTH ? edge : 0.0; \
    }
#define ROW(r) { \
    vec4 left = vec4(0.0), right = vec4(0.0); \
    MIDDLE(0, t0, r) MIDDLE(1, t1, r) MIDDLE(2, t2, r) MIDDLE(3, t3, r) \
    EDGES(0, 0, 1, t0) EDGES(1, 0, 2, t1) EDGES(2, 1, 3, t2) EDGES(3, 2, 3, t3) \
    rows[r] = of_input(Six(left, vec4(middle0.x, middle1.x, middle2.x, middle3.x), vec4(middle0.y, middle1.y, middle2.y, middle3.y), \
                           vec4(middle0.z, middle1.z, middle2.z, middle3.z), vec4(middle0.w, middle1.w, middle2.w, middle3.w), right)); }
#endif

#define COLUMN(j, field) { \
    Six s = of_input(Six(rows[0].field, rows[1].field, rows[2].field, rows[3].field, rows[4].field, rows[5].field)); \
    v[j * push.count + id] = s.a;         v[(6 + j) * push.count + id] = s.b;  v[(12 + j) * push.count + id] = s.c; \
    v[(18 + j) * push.count + id] = s.d;  v[(24 + j) * push.count + id] = s.e; v[(30 + j) * push.count + id] = s.f; }

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    uint c = id / PLANE % C, p = push.first + (id / (PLANE * C) * PLANE + id % PLANE) * CHUNK;
    Six rows[6];
#ifdef SCALAR
    Tile t = tile_of(p, push.tiles, c);
#else
    Tile t0 = tile_of(p, push.tiles, c), t1 = tile_of(p + 1u, push.tiles, c), t2 = tile_of(p + 2u, push.tiles, c), t3 = tile_of(p + 3u, push.tiles, c);
#endif
    EACH_OF_6(ROW)
    EACH_FIELD(COLUMN)
}
