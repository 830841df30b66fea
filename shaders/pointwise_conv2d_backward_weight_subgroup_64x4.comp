#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d_backward_weight by subgroups, in tiles of 64 rows x 4 columns; the included file says more.
#define ROWS 64
#include "pointwise_conv2d_backward_weight_subgroup.glsl"
