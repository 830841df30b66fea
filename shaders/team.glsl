// A team is the invocations that add up one sum: on a CPU driver one by itself, which needs no barrier, on a GPU many, up to a whole workgroup.
// They stand side by side in it, walk over neighbours side by side, as a GPU's memory wants, and add up what each has in shared memory,
// always in the same order.
//
// Before it stand TEAM, a power of two that divides the workgroup, 1 for an invocation by itself, and SUMMED, the type that is added up.
// JOINED(a, b), if it is there, stands for a + b. Every invocation of a workgroup calls team_sum as often as the others, or none does.
#ifndef TEAM_GLSL
#define TEAM_GLSL

#include "dispatch.glsl"

#ifndef JOINED
#define JOINED(a, b) (a) + (b)
#endif

uint team() { return invocation() / TEAM; }
uint lane() { return gl_LocalInvocationIndex % TEAM; }

shared SUMMED held[gl_WorkGroupSize.x];

// team_sum is the sum over the team, for its first invocation: sixteen add up the others' first.
SUMMED team_sum(SUMMED own) {
    if (TEAM == 1u) return own;
    uint at = gl_LocalInvocationIndex;
    barrier(); // an earlier sum has been read
    held[at] = own;
    barrier();
    if (TEAM > 16u) {
        if (lane() < 16u) {
            for (uint i = 16u; i < TEAM; i += 16u) own = JOINED(own, held[at + i]);
            held[at] = own;
        }
        barrier();
    }
    if (lane() == 0u) {
        for (uint i = 1u; i < min(TEAM, 16u); i++) own = JOINED(own, held[at + i]);
    }
    return own;
}

#endif
