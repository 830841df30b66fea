// The inner part of a matrix product in shared memory: a workgroup of 64 invocations makes a tile of 64 x 64 results, each
// of them 8 x 8, from slices of 16 of the summed dimension that all have brought into shared memory together.
// A slice is read from global memory once for 64 uses: what a GPU wants. A CPU driver, where shared memory is memory
// like any other and a barrier dear, does better with the other variants.
#ifndef SHARED_TILE_GLSL
#define SHARED_TILE_GLSL

const uint SLICE = 16u;

shared vec4 left[SLICE * 16u];  // left[d*16 + i]: rows 4i to 4i+3 at place d of the slice
shared vec4 right[SLICE * 16u]; // right[d*16 + j]: columns 4j to 4j+3

vec4 c[16]; // c[2i] and c[2i+1]: row i of this invocation's results

uint tile_row() { return gl_LocalInvocationID.x / 8u; }    // its results' rows, in eights
uint tile_column() { return gl_LocalInvocationID.x % 8u; } // and columns

#define FOUR_ROWS(i, a) \
    c[2 * i] += a.x * b0;     c[2 * i + 1] += a.x * b1; \
    c[2 * i + 2] += a.y * b0; c[2 * i + 3] += a.y * b1; \
    c[2 * i + 4] += a.z * b0; c[2 * i + 5] += a.z * b1; \
    c[2 * i + 6] += a.w * b0; c[2 * i + 7] += a.w * b1;

// multiply adds a slice's product; before it every invocation has written its part, and after it none reads on.
void multiply() {
    barrier();
    for (uint d = 0u; d < SLICE; d++) {
        uint at = d * 16u;
        vec4 a0 = left[at + 2u * tile_row()], a1 = left[at + 2u * tile_row() + 1u];
        vec4 b0 = right[at + 2u * tile_column()], b1 = right[at + 2u * tile_column() + 1u];
        FOUR_ROWS(0, a0)
        FOUR_ROWS(4, a1)
    }
    barrier();
}

#endif
