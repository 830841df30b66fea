package cifar

// FileError says what is wrong with a data file or folder, in one line.
type FileError struct {
	Path    string // the file or folder
	Problem string // what is wrong with it: "is a folder, must be a file"
	Err     error  // the cause, where it is the operating system's, else nil; Problem has its words
	hint    string
}

// Error names the file and the problem.
func (e *FileError) Error() string { return "cifar: " + e.Path + ": " + e.Problem }

// Unwrap returns Err, so that errors.Is(err, fs.ErrNotExist) works.
func (e *FileError) Unwrap() error { return e.Err }

// Hint says what the user can do about it, in one line; where that is a command, it can be typed.
func (e *FileError) Hint() string { return e.hint }
