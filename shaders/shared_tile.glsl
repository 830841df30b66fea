// A matrix product in shared memory: a workgroup of 128 invocations makes a tile of ROWS x 64 results, ROWS being 64 or 128, each invocation
// 4 x 8 or 8 x 8 of them, from slices of DEPTH of the summed dimension. A value that is read from global memory is used for 64 results or more, which
// is what a GPU wants. A CPU driver, where shared memory is memory like any other and a barrier dear, does better with the other variants.
//
// Either operand has two buffers, or sides. While a slice is multiplied out of one, the next is on its way: every invocation asks for its part of it (fetch)
// before it multiplies, and puts it into the other (put) after that. So the wait for global memory passes during
// 256 or 512 multiply-adds, and one barrier a slice is enough: behind it the slice is whole, and all are done with the other buffer.
//
//   fetch(slice)  brings this invocation's part of a slice into registers; the shader has it
//   put(buffer)   puts that into that side of left and right, 0 or 1; the shader has it
//   product(n)    c = the product over slices 0 to n-1
//
// 8 x 8 results need 16 values from shared memory for 64 multiply-adds, half of what a GPU can load meanwhile; 4 x 8, which leave
// room in the registers of those that have 128 only, need 12 for 32, three quarters. All buffers take 12 KiB, or 8 KiB with 64 rows, so
// several workgroups are at work on a processor at a time, and the least that a device may have, 16 KiB and 128 invocations, is enough.
//
// Banks: shared memory has 32, neighbouring floats lie in neighbouring ones, and lanes that need two places of one bank wait for
// each other; lanes that need the same place do not. For each d the 8 invocations of a row of them read 8 neighbouring vec4s of right, one from
// each group of 4 banks, and the rows of a subgroup up to 8 neighbouring vec4s of left: so an invocation has columns 4j to 4j+3 and the same of
// the other half, not 8j to 8j+7, whose vec4s would lie two apart, and so it is with 8 rows. No padding is needed. Where slices come in row by row (TRANSPOSED), a
// store meets different d, which would lie whole multiples of 32 floats apart: there a vec4 of padding behind every d moves each to other banks.
#ifndef SHARED_TILE_GLSL
#define SHARED_TILE_GLSL

#include "unroll.glsl"

const uint DEPTH = 8u;
const uint QUADS = ROWS / 4u; // vec4s of left for each d
#ifdef TRANSPOSED
const uint LEFT_PITCH = QUADS + 1u, RIGHT_PITCH = 16u + 1u;
#else
const uint LEFT_PITCH = QUADS, RIGHT_PITCH = 16u;
#endif

shared vec4 left[2u * DEPTH * LEFT_PITCH];   // left[(side*DEPTH + d)*LEFT_PITCH + i]: rows 4i to 4i+3 at place d of the slice
shared vec4 right[2u * DEPTH * RIGHT_PITCH]; // right[(side*DEPTH + d)*RIGHT_PITCH + j]: columns 4j to 4j+3

#if ROWS == 64
#define EACH_ROW(f) EACH_OF_4(f, 0)
#else
#define EACH_ROW(f) EACH_OF_8(f, 0)
#endif
const uint HALVES = ROWS / 64u; // in which an invocation has four rows each

vec4 c[8u * HALVES]; // c[2i] and c[2i+1]: row ROW(i) of the tile, columns COLUMN(0) and COLUMN(1) on

uint tile_row() { return gl_LocalInvocationID.x / 8u; }
uint tile_column() { return gl_LocalInvocationID.x % 8u; }

// Where the results lie in the tile, in rows, and in columns.
#define ROW(i) ((i) % 4u + (i) / 4u * 64u + 4u * tile_row())
#define COLUMN(half) ((half) * 32u + 4u * tile_column())

void fetch(uint slice);
void put(uint side);

#define FOUR_ROWS(i, a) \
    c[2 * (i)] += a.x * b0;     c[2 * (i) + 1] += a.x * b1; \
    c[2 * (i) + 2] += a.y * b0; c[2 * (i) + 3] += a.y * b1; \
    c[2 * (i) + 4] += a.z * b0; c[2 * (i) + 5] += a.z * b1; \
    c[2 * (i) + 6] += a.w * b0; c[2 * (i) + 7] += a.w * b1;

#define PLACE(d) { \
    vec4 a0 = left[at_left + (d) * LEFT_PITCH], b0 = right[at_right + (d) * RIGHT_PITCH], b1 = right[at_right + (d) * RIGHT_PITCH + 8u]; \
    FOUR_ROWS(0, a0) \
    LOWER_ROWS(d) }
#if ROWS == 64
#define LOWER_ROWS(d)
#else
#define LOWER_ROWS(d) vec4 a1 = left[at_left + (d) * LEFT_PITCH + 16u]; FOUR_ROWS(4, a1)
#endif

void product(uint slices) {
    for (uint i = 0u; i < 8u * HALVES; i++) c[i] = vec4(0.0);
    if (slices > 0u) {
        fetch(0u);
        put(0u);
    }
    for (uint slice = 0u; slice < slices; slice++) {
        barrier();
        bool more = slice + 1u < slices;
        if (more) fetch(slice + 1u);
        uint side = slice % 2u, at_left = side * DEPTH * LEFT_PITCH + tile_row(), at_right = side * DEPTH * RIGHT_PITCH + tile_column();
        EACH_OF_8(PLACE, 0u)
        if (more) put(1u - side);
    }
}

#endif
