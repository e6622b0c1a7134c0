# Decay, the law of decay.hpp, as a program in R that answers in lines of text (protocol csv): dead time + lifetime · E
# with E exponential of mean 1. A question is a line lifetime,dead_time,count,seed; its answer has count lines.
questions <- file("stdin", "r")
while (length(line <- readLines(questions, n = 1)) > 0) {
  question <- as.numeric(strsplit(line, ",")[[1]])
  set.seed(question[4])
  writeLines(format(question[2] + question[1] * rexp(question[3]), digits = 9, trim = TRUE))
  flush(stdout())
}
