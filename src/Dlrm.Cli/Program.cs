using Dlrm.Cli;
using Dlrm.Cli.Output;

return Tool.Run(args, ToolConsole.System());
