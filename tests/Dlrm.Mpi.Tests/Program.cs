using Dlrm.Mpi.Tests.Ranks;

// A rank of a job that a test started, or the tests themselves.
return args is ["rank", var what, ..]
    ? RankProgram.Run(what, args[2..])
    : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
