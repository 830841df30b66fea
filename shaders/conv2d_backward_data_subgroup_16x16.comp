#version 450
#extension GL_GOOGLE_include_directive : require
// conv2d_backward_data at stride 2 by subgroups, in tiles of 16 rows x 16 pixels; the included file says more.
#define ROWS 16
#include "conv2d_backward_data_subgroup.glsl"
