using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Dlrm.Cli.Benching;

/// <summary>Steps timed on request, so that another program can take turns with this one: bench/compare.</summary>
/// <remarks>
/// A line in, a JSON line out, until the input ends: <c>load PRESET BATCH THREADS</c>, then any number of
/// <c>train COUNT</c> and <c>infer COUNT</c>.
/// </remarks>
internal static class BenchServer
{
    /// <summary>Answers until the input ends.</summary>
    /// <param name="input">Requests.</param>
    /// <param name="output">Answers.</param>
    /// <exception cref="ArgumentException">A line is none of the three.</exception>
    public static void Run(TextReader input, TextWriter output)
    {
        Engine? engine = null;
        BenchWorkload? workload = null;
        try
        {
            while (input.ReadLine() is { } line)
            {
                switch (line.Split(' '))
                {
                    case ["load", string preset, string batch, string threads]:
                        workload?.Dispose();
                        engine?.Dispose();
                        engine = new Engine(Number(threads));
                        workload = BenchPreset.Find(preset).Create(Number(batch), engine);
                        output.WriteLine(JsonSerializer.Serialize(
                            new ServedModel(BenchRunner.NameOf(engine.InstructionSet)), BenchJson.Default.ServedModel));
                        break;
                    case ["train", string count] when workload is not null:
                        Answer(Time(workload.Train, Number(count)));
                        break;
                    case ["infer", string count] when workload is not null:
                        Answer(Time(workload.Infer, Number(count)));
                        break;
                    default:
                        throw new ArgumentException($"'{line}': expected load PRESET BATCH THREADS, then train COUNT or infer COUNT.");
                }

                output.Flush();
            }
        }
        finally
        {
            workload?.Dispose();
            engine?.Dispose();
        }

        void Answer(double[] times) => output.WriteLine(JsonSerializer.Serialize(new ServedTimes(times), BenchJson.Default.ServedTimes));
    }

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    private static double[] Time(Action step, int count)
    {
        var times = new double[count];
        for (int i = 0; i < count; i++)
        {
            long start = Stopwatch.GetTimestamp();
            step();
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        return times;
    }
}

/// <summary>The answer to <c>load</c>.</summary>
internal sealed record ServedModel(string InstructionSet);

/// <summary>The answer to <c>train</c> and <c>infer</c>: milliseconds of each step.</summary>
internal sealed record ServedTimes(IReadOnlyList<double> Ms);
