using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Dlrm.Model;

namespace Dlrm.LoadTest;

/// <summary>Whole HTTP requests made beforehand: binary tensors of the Open Inference Protocol, rows drawn at random.</summary>
internal static class Requests
{
    private const int Different = 64;

    /// <summary>Some requests.</summary>
    /// <param name="config">The model.</param>
    /// <param name="rows">B.</param>
    public static byte[][] Make(DlrmConfig config, int rows)
    {
        var random = new System.Random(rows);
        return [.. Enumerable.Range(0, Different).Select(_ => Make(config, rows, random))];
    }

    /// <summary>Rankings of some candidates: the numbers and 20 of 26 tables are the context's.</summary>
    /// <param name="config">The model.</param>
    /// <param name="candidates">N.</param>
    public static byte[][] MakeRankings(DlrmConfig config, int candidates)
    {
        var random = new System.Random(candidates);
        return [.. Enumerable.Range(0, Different).Select(_ => MakeRanking(config, candidates, random))];
    }

    private static byte[] MakeRanking(DlrmConfig config, int candidates, System.Random random)
    {
        const int ContextTables = 20;
        byte[] data = MemoryMarshal.AsBytes<float>([.. Enumerable.Range(0, config.DenseFeatures).Select(_ => random.NextSingle())]).ToArray();
        string inputs = string.Create(
            CultureInfo.InvariantCulture,
            $$$"""{"name":"dense","datatype":"FP32","shape":[1,{{{config.DenseFeatures}}}],"parameters":{"binary_data_size":{{{data.Length}}}}}""");
        for (int table = 0; table < config.TableRows.Count; table++)
        {
            int count = table < ContextTables ? 1 : candidates;
            long[] indices = [.. Enumerable.Range(0, count).Select(_ => (long)random.Next(config.TableRows[table]))];
            data = [.. data, .. MemoryMarshal.AsBytes<long>(indices)];
            inputs += string.Create(
                CultureInfo.InvariantCulture,
                $$$""",{"name":"indices_{{{table}}}","datatype":"INT64","shape":[{{{count}}}],"parameters":{"binary_data_size":{{{sizeof(long) * count}}}}}""");
        }

        string json = $$"""{"inputs":[{{inputs}}]}""";
        string head = string.Create(
            CultureInfo.InvariantCulture,
            $"POST /v1/rank HTTP/1.1\r\nHost: localhost\r\nAccept: application/octet-stream\r\nInference-Header-Content-Length: {json.Length}\r\nContent-Length: {json.Length + data.Length}\r\n\r\n");
        return [.. Encoding.ASCII.GetBytes(head + json), .. data];
    }

    private static byte[] Make(DlrmConfig config, int rows, System.Random random)
    {
        int tables = config.TableRows.Count;
        float[] dense = [.. Enumerable.Range(0, rows * config.DenseFeatures).Select(_ => random.NextSingle())];
        long[] sparse = [.. Enumerable.Range(0, rows * tables).Select(i => (long)random.Next(config.TableRows[i % tables]))];
        string json = string.Create(
            CultureInfo.InvariantCulture,
            $$$"""{"inputs":[{"name":"dense","datatype":"FP32","shape":[{{{rows}}},{{{config.DenseFeatures}}}],"parameters":{"binary_data_size":{{{4 * dense.Length}}}}},""");
        json += string.Create(
            CultureInfo.InvariantCulture,
            $$$"""{"name":"sparse","datatype":"INT64","shape":[{{{rows}}},{{{tables}}}],"parameters":{"binary_data_size":{{{8 * sparse.Length}}}}}],"parameters":{"binary_data_output":true}}""");
        int length = json.Length + (4 * dense.Length) + (8 * sparse.Length);
        string head = string.Create(
            CultureInfo.InvariantCulture,
            $"POST /v2/models/kaggle/infer HTTP/1.1\r\nHost: localhost\r\nInference-Header-Content-Length: {json.Length}\r\nContent-Length: {length}\r\n\r\n");
        return [.. Encoding.ASCII.GetBytes(head + json), .. MemoryMarshal.AsBytes<float>(dense), .. MemoryMarshal.AsBytes<long>(sparse)];
    }
}
