// How a team (team.glsl) walks over a piece of the batch: ACROSS of it go side by side along a plane, each in runs of RUN steps that lie
// ACROSS apart, the others take further planes. ACROSS * RUN divides PLANE, the steps of a plane. What is left of a team that ACROSS does not
// divide does nothing.
//
//   EACH_PLANE(n, first, end)  the planes of this invocation
//   EACH_RUN(r)                its runs, by their first step
//   EACH_STEP(i)               steps behind that; unrolled: what a loop carries goes through memory on CPU drivers
#ifndef PLANE_WALK_GLSL
#define PLANE_WALK_GLSL

#include "team.glsl"

#define EACH_PLANE(n, first, end) for (uint n = lane() / ACROSS < TEAM / ACROSS ? first + lane() / ACROSS : end; n < end; n += TEAM / ACROSS)
#define EACH_RUN(r) for (uint r = lane() % ACROSS; r < PLANE; r += ACROSS * RUN)
#define EACH_STEP(i) for (uint i = 0u; i < ACROSS * RUN; i += ACROSS)

#endif
