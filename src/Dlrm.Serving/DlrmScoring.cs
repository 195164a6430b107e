using System.Text.Json;
using Dlrm.Data.Scoring;
using Dlrm.Serving.Batching;
using Dlrm.Serving.Models;

namespace Dlrm.Serving;

/// <summary>Scores raw rows with the models of <see cref="DlrmServiceExtensions.AddDlrm(Microsoft.Extensions.DependencyInjection.IServiceCollection, string)"/>: for handlers of an application's own.</summary>
/// <remarks>Any thread; rows of calls at the same time are scored together.</remarks>
public sealed class DlrmScoring
{
    private readonly ModelCatalog _catalog;

    internal DlrmScoring(ModelCatalog catalog) => _catalog = catalog;

    /// <summary>Scores one row.</summary>
    /// <param name="row">Raw values by the names that training had; a missing one is left out or null.</param>
    /// <param name="model">The model's name; null for the only one.</param>
    /// <param name="stop">Takes the row out of the queue.</param>
    /// <returns>A probability.</returns>
    /// <exception cref="ArgumentException">The row cannot be encoded, or there is no such model.</exception>
    /// <exception cref="InvalidOperationException">The queue is full, or the model has no version that can be used.</exception>
    public async Task<float> ScoreAsync(IReadOnlyDictionary<string, object?> row, string? model = null, CancellationToken stop = default) =>
        (await ScoreJsonAsync(JsonSerializer.SerializeToUtf8Bytes(row), model, stop).ConfigureAwait(false))[0];

    /// <summary>Scores rows in JSON.</summary>
    /// <param name="json">An object of raw values by name, or an array of such objects; UTF-8.</param>
    /// <param name="model">The model's name; null for the only one.</param>
    /// <param name="stop">Takes the rows out of the queue.</param>
    /// <returns>Probabilities, in the order of the rows.</returns>
    /// <exception cref="ArgumentException">A row cannot be encoded, or there is no such model.</exception>
    /// <exception cref="InvalidOperationException">The queue is full, or the model has no version that can be used.</exception>
    public async Task<float[]> ScoreJsonAsync(ReadOnlyMemory<byte> json, string? model = null, CancellationToken stop = default)
    {
        try
        {
            ModelVersion version = _catalog.Find(model).Acquire();
            try
            {
                RowPool rows = Http.ScoreEndpoint.RawRows(version);
                rows.Read(json.Span, out RowBatch batch);
                try
                {
                    using PendingScore scored = await version.ScoreAsync(batch.Build(), shared: null, stop).ConfigureAwait(false);
                    return scored.Scores.ToArray();
                }
                finally
                {
                    rows.Return(batch);
                }
            }
            finally
            {
                version.Release();
            }
        }
        catch (RequestException exception) when (exception.Status is 429 or >= 500)
        {
            throw new InvalidOperationException(exception.Message, exception);
        }
        catch (Exception exception) when (exception is RequestException or JsonException)
        {
            throw new ArgumentException(exception.Message, nameof(json), exception);
        }
    }
}
