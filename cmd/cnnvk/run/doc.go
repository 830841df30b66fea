// Package run is the folder that a training leaves: what its files are called and hold, how they are written, each whole or not at
// all, whose the folder is while a training goes on, and what of it a resumed training needs. It knows no flags.
package run
