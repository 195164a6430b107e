using System.Globalization;
using System.Text;
using Dlrm.Serving.Metrics;
using Dlrm.Serving.Models;
using Microsoft.AspNetCore.Http;

namespace Dlrm.Serving.Http;

/// <summary><c>GET /metrics</c>, in Prometheus' text format.</summary>
/// <param name="catalog">The models.</param>
/// <param name="requests">Requests by endpoint.</param>
internal sealed class MetricsEndpoint(ModelCatalog catalog, RequestMetrics requests)
{
    /// <summary>Answers.</summary>
    public async ValueTask AnswerAsync(HttpContext http)
    {
        byte[] text = Encoding.UTF8.GetBytes(Write());
        http.Response.ContentType = MetricsText.ContentType;
        http.Response.ContentLength = text.Length;
        await http.Response.Body.WriteAsync(text, http.RequestAborted).ConfigureAwait(false);
    }

    private string Write()
    {
        var text = new MetricsText();
        requests.Write(text);
        IReadOnlyList<ServedModel> models = catalog.Models;
        text.Family("dlrm_model_info", "gauge", "1 for the version that answers.");
        foreach (ServedModel model in models)
        {
            if (model.Current is { } version)
            {
                text.Sample("dlrm_model_info", 1, ("model", model.Name), ("version", version.Version), ("fingerprint", version.Folder.Fingerprint));
            }
        }

        PerModel(text, models, "dlrm_model_loads_total", "counter", "Versions loaded.", model => model.Loads);
        PerModel(text, models, "dlrm_model_load_failures_total", "counter", "Attempts to load a version that failed; the one before went on.", model => model.Failures);
        PerModel(text, models, "dlrm_queue_rows", "gauge", "Rows that wait for an engine.", model => model.Current?.Queue.Rows ?? 0);
        Histograms(text, models, "dlrm_batch_rows", "Rows of each batch.", model => model.Batches.BatchRows);
        Histograms(text, models, "dlrm_queue_seconds", "Time each request waited for an engine.", model => model.Batches.Wait);
        Histograms(text, models, "dlrm_compute_seconds", "Time an engine took for a batch.", model => model.Batches.Compute);
        PerModel(text, models, "dlrm_raw_rows_total", "counter", "Raw rows encoded by the version that answers.", model => model.Current?.Rows?.RowCount ?? 0);
        PerField(text, models, "dlrm_feature_unknown_total", "Values that training gave no index, by raw field.", static (rows, field) => rows.Unknown(field));
        PerField(text, models, "dlrm_feature_missing_total", "Rows without a value, by raw field.", static (rows, field) => rows.Missing(field));
        Scores(text, models);
        text.Single("process_resident_memory_bytes", "gauge", "Memory of the process, mapped weights included.", Environment.WorkingSet);
        text.Single("dotnet_gc_heap_bytes", "gauge", "Managed memory.", GC.GetTotalMemory(forceFullCollection: false));
        return text.ToString();
    }

    private static void PerModel(
        MetricsText text, IReadOnlyList<ServedModel> models, string name, string type, string help, Func<ServedModel, double> value)
    {
        text.Family(name, type, help);
        foreach (ServedModel model in models)
        {
            text.Sample(name, value(model), ("model", model.Name));
        }
    }

    private static void Histograms(
        MetricsText text, IReadOnlyList<ServedModel> models, string name, string help, Func<ServedModel, Histogram> histogram)
    {
        text.Family(name, "histogram", help);
        foreach (ServedModel model in models)
        {
            histogram(model).Write(text, name, ("model", model.Name));
        }
    }

    private static void PerField(
        MetricsText text, IReadOnlyList<ServedModel> models, string name, string help, Func<RowPool, int, long> value)
    {
        text.Family(name, "counter", help);
        foreach (ServedModel model in models)
        {
            if (model.Current?.Rows is not { } rows)
            {
                continue;
            }

            for (int field = 0; field < rows.Encoder.Fields.Count; field++)
            {
                text.Sample(name, value(rows, field), ("model", model.Name), ("feature", rows.Encoder.Fields[field].Name));
            }
        }
    }

    private static void Scores(MetricsText text, IReadOnlyList<ServedModel> models)
    {
        text.Family("dlrm_score_rows_total", "counter", "Rows of the version that answers whose score is at most a bound.");
        foreach (ServedModel model in models)
        {
            foreach ((double bound, long atMost) in model.Current?.Drift.Cumulative() ?? [])
            {
                text.Sample("dlrm_score_rows_total", atMost, ("model", model.Name), ("le", bound.ToString("G6", CultureInfo.InvariantCulture)));
            }
        }

        text.Family("dlrm_score_stability_index", "gauge", "Population stability index of scores against training; above 0.25 is another population.");
        foreach (ServedModel model in models)
        {
            if (model.Current?.Drift.StabilityIndex() is { } index)
            {
                text.Sample("dlrm_score_stability_index", index, ("model", model.Name));
            }
        }
    }
}
