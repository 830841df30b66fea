// A product of matrices of float16 by cooperative matrices, which the lanes of a subgroup hold and multiply together: on GPUs, in units made for
// that. A workgroup of 128 invocations makes a tile of ROWS x 64 results in float32 from slices of DEPTH of the summed dimension. Its subgroups share
// out the tile: one makes a block of DOWN x ACROSS matrices of MATRIX_M x MATRIX_N. Which sizes there are the device says; DEPTH is a multiple of each MATRIX_K.
//
// As in shared_tile.glsl either operand has two sides. While a slice is multiplied out of one, the next is on its way into the other.
//
//   fetch(slice)            brings this invocation's part of a slice into registers; the shader has it
//   put(side)               puts that into that side of left and right, 0 or 1; the shader has it
//   write(row, texel, sum)  stores four neighbours of a row of the tile, the texel-th; the shader has it
//   product(n)              sums = the product over slices 0 to n-1
//   results()               stores the sums
//
// Either operand lies in shared memory along the summed dimension: rows of left, columns of right, of which a lane then loads neighbours. There its
// rows begin at multiples of 16 bytes, as loading a matrix wants it, wherever they began in global memory; 16 bytes of padding
// behind each move the next to other banks. How a matrix is spread over lanes only the driver knows; so results go through shared memory, too, a row of
// matrices of each subgroup at a time.
#ifndef COOPERATIVE_TILE_GLSL
#define COOPERATIVE_TILE_GLSL

#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require

layout(constant_id = 26) const uint MATRIX_M = 16;
layout(constant_id = 27) const uint MATRIX_N = 16;
layout(constant_id = 28) const uint MATRIX_K = 16;
layout(constant_id = 29) const uint DOWN = 2;
layout(constant_id = 30) const uint ACROSS = 2;

const uint DEPTH = 32u;
const uint PITCH = DEPTH / 4u + 2u; // from one row to the next, in four values, as are all of these sizes
const uint BLOCK = MATRIX_N / 4u * ACROSS;

shared f16vec4 left[2u * ROWS * PITCH];  // left[(side*ROWS + i)*PITCH + d]: row i of the tile, places 4d to 4d+3 of the slice
shared f16vec4 right[2u * 64u * PITCH];  // right[(side*64 + j)*PITCH + d]: column j
shared vec4 staged[16u * ROWS / DOWN];   // of each subgroup MATRIX_M rows of BLOCK

coopmat<float, gl_ScopeSubgroup, MATRIX_M, MATRIX_N, gl_MatrixUseAccumulator> sums[DOWN * ACROSS];

void fetch(uint slice);
void put(uint side);
void write(uint row, uint texel, vec4 sum);

f16vec4 halves(uvec2 words) { return f16vec4(unpackFloat2x16(words.x), unpackFloat2x16(words.y)); }

// Where the subgroup's block begins in the tile.
uint block_row() { return gl_SubgroupID / (16u / BLOCK) * MATRIX_M * DOWN; }
uint block_texel() { return gl_SubgroupID % (16u / BLOCK) * BLOCK; }

void multiply(uint side) {
    coopmat<float16_t, gl_ScopeSubgroup, MATRIX_M, MATRIX_K, gl_MatrixUseA> a[DOWN];
    coopmat<float16_t, gl_ScopeSubgroup, MATRIX_K, MATRIX_N, gl_MatrixUseB> b;
    uint at_left = (side * ROWS + block_row()) * PITCH, at_right = (side * 64u + 4u * block_texel()) * PITCH;
    [[unroll]] for (uint d = 0u; d < DEPTH; d += MATRIX_K) {
        [[unroll]] for (uint i = 0u; i < DOWN; i++)
            coopMatLoad(a[i], left, at_left + i * MATRIX_M * PITCH + d / 4u, PITCH, gl_CooperativeMatrixLayoutRowMajor);
        [[unroll]] for (uint j = 0u; j < ACROSS; j++) {
            coopMatLoad(b, right, at_right + j * MATRIX_N * PITCH + d / 4u, PITCH, gl_CooperativeMatrixLayoutColumnMajor);
            [[unroll]] for (uint i = 0u; i < DOWN; i++) sums[i * ACROSS + j] = coopMatMulAdd(a[i], b, sums[i * ACROSS + j]);
        }
    }
}

void product(uint slices) {
    [[unroll]] for (uint i = 0u; i < DOWN * ACROSS; i++)
        sums[i] = coopmat<float, gl_ScopeSubgroup, MATRIX_M, MATRIX_N, gl_MatrixUseAccumulator>(0.0);
    if (slices > 0u) {
        fetch(0u);
        put(0u);
    }
    [[dont_unroll]] for (uint slice = 0u; slice < slices; slice++) { // of few slices a compiler would bring all at once, and have no registers left
        barrier();
        bool more = slice + 1u < slices;
        if (more) fetch(slice + 1u);
        multiply(slice % 2u);
        if (more) put(1u - slice % 2u);
    }
}

#define SUBGROUP_BARRIER controlBarrier(gl_ScopeSubgroup, gl_ScopeSubgroup, gl_StorageSemanticsShared, gl_SemanticsAcquireRelease)

void results() {
    uint mine = gl_SubgroupID * MATRIX_M * BLOCK;
    [[unroll]] for (uint i = 0u; i < DOWN; i++) {
        [[unroll]] for (uint j = 0u; j < ACROSS; j++)
            coopMatStore(sums[i * ACROSS + j], staged, mine + j * (MATRIX_N / 4u), BLOCK, gl_CooperativeMatrixLayoutRowMajor);
        SUBGROUP_BARRIER;
        for (uint e = gl_SubgroupInvocationID; e < MATRIX_M * BLOCK; e += gl_SubgroupSize)
            write(block_row() + i * MATRIX_M + e / BLOCK, block_texel() + e % BLOCK, staged[mine + e]);
        SUBGROUP_BARRIER;
    }
}

#endif
