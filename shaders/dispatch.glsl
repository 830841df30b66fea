// Where an invocation stands in a one-dimensional piece of work.
//
// Work beyond 65,535 groups, the least that every device takes on an axis, is spread over y; the last
// row of groups may reach past the end, so every shader compares with its count.
#ifndef DISPATCH_GLSL
#define DISPATCH_GLSL

layout(local_size_x_id = 0) in;

uint invocation() {
    return gl_GlobalInvocationID.y * (gl_NumWorkGroups.x * gl_WorkGroupSize.x) + gl_GlobalInvocationID.x;
}

// tile_across is the number of this invocation's tile of columns where workgroups side by side make other rows of the same columns: what they read of
// the right operand, which is the larger one, is still in the cache. With MATRICES the last axis is the matrices'.
#ifdef MATRICES
uint tile_across() { return gl_WorkGroupID.y * gl_WorkGroupSize.x + gl_LocalInvocationID.x; }
#else
uint tile_across() { return (gl_WorkGroupID.z * gl_NumWorkGroups.y + gl_WorkGroupID.y) * gl_WorkGroupSize.x + gl_LocalInvocationID.x; }
#endif

// group is the number of this workgroup, where one makes a tile.
uint group() { return gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x; }

#endif
