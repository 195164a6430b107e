// Load test of `dlrm serve` beside its peers, in one run, to 127.0.0.1 only. Usage:
//   dotnet run -c Release --project bench/Dlrm.LoadTest -- DLRM_TOOL.dll [--batches 1,16,256] [--seconds 3] [--connections 16] [--turns 1] [--alone] [--rank]
//   dotnet run -c Release --project bench/Dlrm.LoadTest -- --connect-many COUNT PORT
// For each server, the best of some turns: the highest throughput of a closed loop, then an open loop at half of it.
using System.Globalization;
using Dlrm;
using Dlrm.Checkpoints;
using Dlrm.Interop.Onnx;
using Dlrm.LoadTest;
using Dlrm.Model;
using Dlrm.Random;

switch (args)
{
    case ["--onnx-server", string model, string port]:
        await OnnxServer.RunAsync(model, int.Parse(port, CultureInfo.InvariantCulture)).ConfigureAwait(false);
        return;
    case ["--connect-many", string count, string port]:
        await ManyConnections.RunAsync(int.Parse(count, CultureInfo.InvariantCulture), int.Parse(port, CultureInfo.InvariantCulture)).ConfigureAwait(false);
        return;
}

var config = new DlrmConfig
{
    // The kaggle model of `dlrm bench`.
    TableRows =
    [
        1460, 583, 1013122, 220260, 305, 24, 12517, 633, 3, 93145, 5683, 835159, 3194, 27, 14992, 546130, 10,
        5652, 2173, 4, 704654, 18, 15, 286181, 105, 142572,
    ],
    EmbeddingDimension = 16,
    BottomMlp = [13, 512, 256, 64, 16],
    TopMlp = [512, 256, 1],
    Loss = "bce",
};
int[] batches = [.. (Option("--batches") ?? "1,16,256").Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
var time = TimeSpan.FromSeconds(double.Parse(Option("--seconds") ?? "3", CultureInfo.InvariantCulture));
int connections = int.Parse(Option("--connections") ?? "16", CultureInfo.InvariantCulture);
int turns = int.Parse(Option("--turns") ?? "1", CultureInfo.InvariantCulture);
bool alone = args.Contains("--alone");
string folder = Path.Combine(Path.GetTempPath(), "dlrm-load-test");
string saved = Path.Combine(folder, "kaggle");
string onnx = Path.Combine(folder, "kaggle.onnx");
if (!File.Exists(onnx))
{
    Console.Error.WriteLine("making the model …");
    using var engine = new Engine();
    using var model = new DlrmModel(config, engine, optimizer: null);
    model.Initialize(new NumpyRandom(1));
    ModelFolder.Save(saved, config.ToJson(), model.Parameters);
    OnnxExporter.Write(onnx, model, OnnxInputs.OneHot);
}

string own = Environment.ProcessPath!;
string self = Path.Combine(AppContext.BaseDirectory, "Dlrm.LoadTest.dll");
bool isHost = Path.GetFileNameWithoutExtension(own) == "dotnet";
ServerProcess[] servers =
[
    await ServerProcess.StartAsync("dlrm serve", "dotnet", args[0], "serve", saved, "--listen=127.0.0.1:PORT").ConfigureAwait(false),
    await ServerProcess.StartAsync("ONNX Runtime, Kestrel", isHost ? own : "dotnet", self, "--onnx-server", onnx, "PORT").ConfigureAwait(false),
    await ServerProcess.StartAsync(
        "PyTorch, http.server", "/usr/bin/python3", Path.Combine(AppContext.BaseDirectory, "torch_server.py"), saved, "PORT").ConfigureAwait(false),
];
try
{
    if (args.Contains("--rank"))
    {
        await MeasureRanking(servers[0]).ConfigureAwait(false);
        return;
    }

    Console.WriteLine("| server | rows a request | requests/s at most | rows/s at most | at half of it: p50 | p99 | p99.9 |");
    Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
    foreach (int rows in batches)
    {
        byte[][] requests = Requests.Make(config, rows);
        float[]? expected = null;
        LoadClient[] clients = [.. servers.Select(server => new LoadClient(server.Port, requests))];
        var best = new Measured?[servers.Length];
        for (int turn = 0; turn < turns; turn++)
        {
            for (int server = 0; server < servers.Length; server++)
            {
                float[] scores = await clients[server].ScoresAsync(rows).ConfigureAwait(false);
                expected ??= scores;
                float apart = scores.Zip(expected, (a, b) => Math.Abs(a - b)).Max();
                if (apart > 1e-5)
                {
                    throw new InvalidDataException($"{servers[server].Name} scores otherwise, by {apart}.");
                }

                TakeTheCores(on: true);
                Measured measured = await Measure(clients[server]).ConfigureAwait(false);
                TakeTheCores(on: false);
                best[server] = Measured.Better(best[server], measured);
            }
        }

        for (int server = 0; server < servers.Length; server++)
        {
            Console.WriteLine(best[server]!.Row(servers[server].Name, rows));
            clients[server].Dispose();
        }
    }
}
finally
{
    Array.ForEach(servers, server => server.Dispose());
}

async Task<Measured> Measure(LoadClient client)
{
    await client.SaturateAsync(connections, time / 2).ConfigureAwait(false); // warm
    double most = 0;
    foreach (int used in (int[])[4, connections])
    {
        most = Math.Max(most, await client.SaturateAsync(used, time / 3).ConfigureAwait(false));
    }

    LatencyHistogram latencies = await client.OfferAsync(most / 2, time, 256).ConfigureAwait(false);
    return new Measured(most, latencies);
}

// On a machine that others use: the session of this process (start it with setsid) counts for far more than theirs meanwhile.
void TakeTheCores(bool on)
{
    if (alone)
    {
        File.WriteAllText("/proc/self/autogroup", on ? "-20" : "0");
    }
}

async Task MeasureRanking(ServerProcess server)
{
    const int Turns = 5;
    Console.WriteLine("| candidates | N rows, one request | ranking | times cheaper | N requests of one row |");
    Console.WriteLine("| --- | --- | --- | --- | --- |");
    using var single = new LoadClient(server.Port, Requests.Make(config, 1));
    foreach (int candidates in (int[])[10, 100, 1000])
    {
        using var rows = new LoadClient(server.Port, Requests.Make(config, candidates));
        using var ranking = new LoadClient(server.Port, Requests.MakeRankings(config, candidates));
        double[] best = [0, 0, 0];
        for (int turn = 0; turn < Turns; turn++)
        {
            int which = 0;
            foreach (LoadClient client in (LoadClient[])[rows, ranking, single])
            {
                best[which] = Math.Max(best[which], await client.SaturateAsync(1, time / (3 * Turns)).ConfigureAwait(false));
                which++;
            }
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {candidates} | {1000 / best[0]:0.000} ms | {1000 / best[1]:0.000} ms | {best[1] / best[0]:0.0} | {1000 / best[2] * candidates:0.0} ms |"));
    }
}

string? Option(string name)
{
    int at = Array.IndexOf(args, name);
    return at < 0 ? null : args[at + 1];
}
