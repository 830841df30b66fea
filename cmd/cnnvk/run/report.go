package run

// ReportFolder is the folder in a run folder where eval writes its tables and pictures.
const ReportFolder = "eval"

// The files of a report.
const (
	ClassesCSV, ClassesPNG, ClassesSVG       = "per_class.csv", "per_class.png", "per_class.svg"
	ConfusionCSV, ConfusionPNG, ConfusionSVG = "confusion.csv", "confusion.png", "confusion.svg"
)

// reportPaths are the files of a report in a run folder.
func reportPaths() []string {
	var out []string
	for _, weights := range []string{"best", "last"} {
		for _, name := range []string{ClassesCSV, ClassesPNG, ClassesSVG, ConfusionCSV, ConfusionPNG, ConfusionSVG} {
			out = append(out, ReportFolder+"/"+weights+"/"+name)
		}
	}
	return out
}
