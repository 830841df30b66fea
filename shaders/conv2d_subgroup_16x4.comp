#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d of 3x3 kernels by subgroups, in tiles of 16 rows x 4 pixels; the included file says more.
#define ROWS 16
#include "conv2d_subgroup.glsl"
