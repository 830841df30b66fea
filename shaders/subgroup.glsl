// Values that the lanes of a subgroup fetch together and hand round: a lane of HELD / SUBGROUP of them, and each can be taken
// by all. A workgroup is one subgroup.
//
//   #define HELD n     how many texels there are, a literal
//   held[i] = ...      for i < EACH: lane l brings the texel number i*SUBGROUP + l
//   TAKE(e)            texel number e, a literal or a sum of literals
#ifndef SUBGROUP_GLSL
#define SUBGROUP_GLSL

#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_EXT_spirv_intrinsics : require

layout(constant_id = 7) const bool BROADCAST = false; // which of two instructions: drivers differ in which they do well

const uint SUBGROUP = gl_WorkGroupSize.x;
const uint EACH = (HELD + SUBGROUP - 1u) / SUBGROUP;

vec4 held[HELD / 4]; // the first EACH are used; four lanes are the smallest subgroup

// GLSL's subgroupBroadcast takes a literal lane alone; the instruction takes a specialization constant as well.
spirv_instruction(capabilities = [64], id = 337) vec4 broadcast(uint scope, vec4 v, uint lane);
const uint SCOPE = 3u; // the subgroup

// Every index is a constant: an array indexed by a variable cannot live in registers.
#define TAKE(e) (BROADCAST ? broadcast(SCOPE, held[(e) / SUBGROUP], (e) % SUBGROUP) : subgroupShuffle(held[(e) / SUBGROUP], (e) % SUBGROUP))

#endif
