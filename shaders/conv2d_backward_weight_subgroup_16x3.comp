#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d_backward_weight of 3x3 kernels by subgroups, in tiles of 16 rows x 3 columns; the included file says more.
#define ROWS 16
#include "conv2d_backward_weight_subgroup.glsl"
