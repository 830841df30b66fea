// Values that the lanes of a subgroup fetch together and hand round: a lane of HELD / SUBGROUP of them, and each can be taken
// by all. A workgroup is one subgroup.
//
//   #define HELD n     how many texels there are, a literal
//   held[i] = ...      for i < EACH: lane l brings the texel number i*SUBGROUP + l
//   TAKE(e)            texel number e, a literal or a sum of literals
//
// A shader NAME_subgroup.comp, which includes this file, is two kernels for each size of its tiles: NAME_shuffle_SIZE, and with
// BROADCAST NAME_broadcast_SIZE. Drivers differ in which instruction they do well.
#ifndef SUBGROUP_GLSL
#define SUBGROUP_GLSL

#extension GL_KHR_shader_subgroup_basic : require

const uint SUBGROUP = gl_WorkGroupSize.x;
const uint EACH = (HELD + SUBGROUP - 1u) / SUBGROUP;

vec4 held[(HELD + 3) / 4]; // the first EACH are used; four lanes are the smallest subgroup

// Every index is a constant: an array indexed by a variable cannot live in registers. Which instruction does it is no
// specialization constant, since not every driver folds so many branches before it compiles.
#ifdef BROADCAST
// GLSL's subgroupBroadcast takes a literal lane alone; the instruction takes a specialization constant as well.
#extension GL_EXT_spirv_intrinsics : require
spirv_instruction(capabilities = [64], id = 337) vec4 broadcast(uint scope, vec4 v, uint lane);
const uint SCOPE = 3u; // the subgroup
#define TAKE(e) broadcast(SCOPE, held[(e) / SUBGROUP], (e) % SUBGROUP)
#else
#extension GL_KHR_shader_subgroup_shuffle : require
#define TAKE(e) subgroupShuffle(held[(e) / SUBGROUP], (e) % SUBGROUP)
#endif

#endif
