#version 450
#extension GL_GOOGLE_include_directive : require
// winograd_output: y = f(AT V A (+ bias[c]) (+ skip)) for every tile (see winograd.glsl)
//
//   V     (36, count*CHUNK)      that is (36, panels, C, PLANE*CHUNK) of the tiles from `first` on
//   y     (N/G, C, G, H, W)      float32; texels and vec4s: W = WIDTH*4, floats: W = WIDTH
//   bias  (C)                    read with BIASED alone
//   skip  (N/GS, C, GS, H, W)     added with ADD alone; FUNCTION of activation.glsl is done last
//
// An invocation makes CHUNK neighbouring tiles of a channel at once, one to a component, as winograd_input does; what lies outside the
// image is not stored.
//
// ops: conv2d, conv2d_backward_data
// kernel winograd_output
// kernel winograd_output_texel: TEXEL
// kernel winograd_output_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "winograd.glsl"
#include "activation.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 16;
layout(constant_id = 3) const uint WIDTH = 4;
layout(constant_id = 4) const uint G = 1;
layout(constant_id = 5) const uint PLANE = 64; // tiles of a panel, in chunks
layout(constant_id = 6) const bool BIASED = false;
layout(constant_id = 7) const uint FUNCTION = NONE;
layout(constant_id = 8) const bool ADD = false;
layout(constant_id = 9) const uint GS = 1;

layout(push_constant) uniform Push { uint count, first, tiles; } push; // tiles: N*ceil(H/4)*ceil(W/4)

RESULTS(0, Y, y);
layout(std430, binding = 1) readonly  buffer Bias { float bias[]; };
ACTIVATION_STORED(2, Skip, skip);
FLOATS(3, V, v);

#include "winograd_tiles.glsl"

#define ELEMENT(e) READ(v, (e) * push.count + id)
#define ROW(i) rows[i] = to_output(Six(ELEMENT(6 * i), ELEMENT(6 * i + 1), ELEMENT(6 * i + 2), ELEMENT(6 * i + 3), ELEMENT(6 * i + 4), ELEMENT(6 * i + 5)));
#define COLUMN(field) Four column_##field = to_output(Six(rows[0].field, rows[1].field, rows[2].field, rows[3].field, rows[4].field, rows[5].field));

chunk result(chunk sum, float b, uint at) {
    if (BIASED) sum += b;
    if (ADD) sum += FETCH_STORED(skip, at);
    return activated(FUNCTION, sum);
}

// ROW_OUT stores row r, which is that field of the columns, of a tile.
#ifdef SCALAR
#define VALUE(r, j, sum) if (t.column + (j) < WIDTH) STORE(y, t.at + (r) * WIDTH + (j), result(sum, b, beside + (r) * WIDTH + (j)));
#define ROW_OUT(r, field) \
    if (t.row + (r) < H) { \
        VALUE(r, 0u, column_a.field) VALUE(r, 1u, column_b.field) VALUE(r, 2u, column_c.field) VALUE(r, 3u, column_d.field) \
    }
#else
#define ROW_OUT(r, field) \
    if (t.row + (r) < H) { \
        STORE(y, t.at + (r) * WIDTH, result(vec4(column_a.field[i], column_b.field[i], column_c.field[i], column_d.field[i]), b, beside + (r) * WIDTH)); \
    }
#endif
#define TILE(n) { \
    const uint i = n; \
    Tile t = tile_of(p + i, push.tiles, c); \
    uint beside = plane_at(t.image, c, C, GS, H * WIDTH) + t.row * WIDTH + t.column; \
    if (t.real) { ROW_OUT(0u, a) ROW_OUT(1u, b) ROW_OUT(2u, c) ROW_OUT(3u, d) } }

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    uint c = id / PLANE % C, p = push.first + (id / (PLANE * C) * PLANE + id % PLANE) * CHUNK;
    Four rows[6];
    EACH_OF_6(ROW)
    COLUMN(a) COLUMN(b) COLUMN(c) COLUMN(d)
    float b = BIASED ? bias[c] : 0.0;
    TILE(0)
#ifndef SCALAR
    TILE(1) TILE(2) TILE(3)
#endif
}
