// Where a value lies: an activation (N,C,H,W) is stored as panels (N/g, C, g, H, W) of g whole images.
//
// A "plane" is the longest run of values that lies together in every operand of a kernel: the
// H*W values of an image, or g*H*W where all operands share g, for then a panel is one large image
// (the host folds g away: N/g images of plane g*H*W, g = 1). All counts here are in chunks.
#ifndef PANELS_GLSL
#define PANELS_GLSL

// A value's logical place: image n, channel c, position r in the plane.
struct Place { uint n, c, r; };

// place_of undoes the layout: index i in panels of g planes of that size, C channels.
Place place_of(uint i, uint C, uint g, uint plane) {
    uint row = i / (g * plane), r = i % (g * plane);
    return Place(row / C * g + r / plane, row % C, r % plane);
}

// plane_at is where the plane of image n, channel c starts.
uint plane_at(uint n, uint c, uint C, uint g, uint plane) {
    return ((n / g * C + c) * g + n % g) * plane;
}

// moved is the index in panels of `to` planes of the value that has index i in panels of `from` planes.
uint moved(uint i, uint C, uint from, uint to, uint plane) {
    if (from == to) return i;
    Place p = place_of(i, C, from, plane);
    return plane_at(p.n, p.c, C, to, plane) + p.r;
}

#endif
