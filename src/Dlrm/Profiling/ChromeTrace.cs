using System.Diagnostics;
using System.Text.Json;

namespace Dlrm.Profiling;

/// <summary>Writes a profile as a trace that Perfetto (ui.perfetto.dev) and chrome://tracing open.</summary>
/// <remarks>
/// The Trace Event Format's complete events, times in microseconds from the start: one track with steps, the stages in them
/// and the layers in those, and one a worker with its shares and the tables in them.
/// </remarks>
public static class ChromeTrace
{
    private const int Process = 1;

    /// <summary>Writes it.</summary>
    /// <param name="profiler">The profile; no step is under way.</param>
    /// <param name="stream">Receives UTF-8 JSON.</param>
    public static void Write(Profiler profiler, Stream stream)
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ms");
        json.WriteStartArray("traceEvents");
        WriteName(json, "process_name", 0, "dlrm");
        for (int thread = 0; thread < profiler.Tracks.Length; thread++)
        {
            ProfileTrack track = profiler.Tracks[thread];
            WriteName(json, "thread_name", thread, track.Name);
            foreach (ProfileEvent item in track.Events)
            {
                json.WriteStartObject();
                json.WriteString("name", item.Name);
                json.WriteString("cat", item.Kind);
                json.WriteString("ph", "X");
                json.WriteNumber("ts", Microseconds(item.Start - profiler.Start));
                json.WriteNumber("dur", Microseconds(item.End - item.Start));
                json.WriteNumber("pid", Process);
                json.WriteNumber("tid", thread);
                json.WriteEndObject();
            }

            json.Flush();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static double Microseconds(long ticks) => Math.Round(ticks * 1e6 / Stopwatch.Frequency, 3);

    private static void WriteName(Utf8JsonWriter json, string kind, int thread, string name)
    {
        json.WriteStartObject();
        json.WriteString("name", kind);
        json.WriteString("ph", "M");
        json.WriteNumber("pid", Process);
        json.WriteNumber("tid", thread);
        json.WriteStartObject("args");
        json.WriteString("name", name);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
