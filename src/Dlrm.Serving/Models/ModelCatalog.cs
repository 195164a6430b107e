using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dlrm.Serving.Models;

/// <summary>The models there are, kept up to date with their folders.</summary>
/// <remarks>
/// The highest version that loads and gives its recorded scores answers; a newer one takes over at once for new requests,
/// and one that cannot be used changes nothing. A model whose folder is gone is no longer served.
/// </remarks>
internal sealed partial class ModelCatalog : BackgroundService
{
    private readonly ServingOptions _options;
    private readonly ILogger<ModelCatalog> _log;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, ServedModel> _models = new(StringComparer.Ordinal);
    private readonly Lock _refreshing = new();
    private volatile ServedModel? _only;
    private string? _lastFailure;

    /// <summary>An empty catalog; <see cref="Refresh()"/> fills it.</summary>
    public ModelCatalog(ServingOptions options, ILogger<ModelCatalog> log, TimeProvider? time = null)
    {
        options.Validate();
        _options = options;
        _log = log;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>The options.</summary>
    public ServingOptions Options => _options;

    /// <summary>By name, in order.</summary>
    public IReadOnlyList<ServedModel> Models => [.. _models.Values.OrderBy(model => model.Name, StringComparer.Ordinal)];

    /// <summary>True when there is a model, and every one has a version that answers.</summary>
    public bool IsReady => !_models.IsEmpty && _models.Values.All(model => model.Current is not null);

    /// <summary>A model.</summary>
    /// <param name="name">Null for the only one.</param>
    /// <exception cref="RequestException">There is none of the name, or not exactly one.</exception>
    public ServedModel Find(string? name)
    {
        if (name is not null)
        {
            return ModelName.IsValid(name) && _models.TryGetValue(name, out ServedModel? model)
                ? model
                : throw RequestException.NotFound($"There is no model of that name; there are {Names()}.");
        }

        return _only ?? throw RequestException.NotFound($"Name a model, as in /v1/models/NAME/score; there are {Names()}.");
    }

    /// <summary>Looks at the folders once.</summary>
    public void Refresh()
    {
        lock (_refreshing)
        {
            List<(string Name, string Path)> folders = Folders();
            foreach ((string name, string path) in folders)
            {
                Refresh(_models.GetOrAdd(name, static key => new ServedModel(key)), path);
            }

            foreach (ServedModel model in _models.Values)
            {
                if (folders.TrueForAll(folder => folder.Name != model.Name) && _models.TryRemove(model.Name, out _))
                {
                    model.Publish(null);
                    LogRemoved(model.Name);
                }
            }

            _only = _models.Count == 1 ? _models.Values.First() : null;
        }
    }

    /// <inheritdoc/>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Refresh();
        if (_options.Model is { } path && !IsReady)
        {
            throw new InvalidDataException(_lastFailure ?? $"{path} holds no saved model (a folder with a manifest.json).");
        }

        return base.StartAsync(cancellationToken);
    }

    /// <summary>Ends all models, once the server has answered its last request.</summary>
    public async Task EndAsync()
    {
        List<Task> ended = [];
        foreach (ServedModel model in _models.Values)
        {
            if (model.Current is { } version)
            {
                ended.Add(version.Ended);
                model.Publish(null);
            }
        }

        _models.Clear();
        await Task.WhenAll(ended).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_options.PollInterval <= TimeSpan.Zero)
        {
            return;
        }

        using var timer = new PeriodicTimer(_options.PollInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                try
                {
                    Refresh();
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    LogFolder(exception.Message); // The folder may be out of reach for a while: what is loaded goes on.
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private List<(string Name, string Path)> Folders()
    {
        if (_options.Model is { } path)
        {
            string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
            return [(ModelName.IsValid(name) ? name : "model", path)];
        }

        var found = new List<(string, string)>();
        foreach (string folder in Directory.EnumerateDirectories(_options.Models!))
        {
            string name = Path.GetFileName(folder);
            if (ModelName.IsValid(name) && VersionFolder.StaysInside(folder, _options.Models!))
            {
                found.Add((name, folder));
            }
        }

        return found;
    }

    private void Refresh(ServedModel model, string path)
    {
        DateTimeOffset now = _time.GetUtcNow();
        foreach (VersionFolder folder in VersionFolder.Find(path, named: _options.Models is not null))
        {
            if (model.Current is { } current && current.Version == folder.Version && current.Folder.Fingerprint == folder.Fingerprint)
            {
                return; // the best that can be used answers already
            }

            if (model.Failed.TryGetValue((folder.Version, folder.Fingerprint), out LoadFailure? failure) && now < failure.Next)
            {
                continue;
            }

            if (TryLoad(model, folder, now))
            {
                return;
            }
        }
    }

    private bool TryLoad(ServedModel model, VersionFolder folder, DateTimeOffset now)
    {
        try
        {
            var version = ModelLoader.Load(model.Name, folder, _options, model.Batches);
            string? before = model.Current?.Version;
            model.Publish(version);
            LogLoaded(model.Name, version.Version, before, version.Record?.Samples.Count ?? 0);
            return true;
        }
#pragma warning disable CA1031 // Whatever is wrong with a folder, the models that are loaded go on.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _lastFailure = exception.Message;
            if (model.Fail(folder, now) == 1)
            {
                LogRefused(model.Name, folder.Version, model.Current?.Version, exception.Message);
            }

            return false;
        }
    }

    private string Names() => _models.IsEmpty ? "none" : string.Join(", ", Models.Select(model => model.Name));

    [LoggerMessage(1, LogLevel.Information, "Model {Model}: version {Version} answers (before: {Before}); {Samples} recorded samples agree.")]
    private partial void LogLoaded(string model, string version, string? before, int samples);

    [LoggerMessage(2, LogLevel.Error, "Model {Model}: version {Version} cannot be used, {Current} goes on: {Reason}")]
    private partial void LogRefused(string model, string version, string? current, string reason);

    [LoggerMessage(3, LogLevel.Information, "Model {Model}: its folder is gone; it is no longer served.")]
    private partial void LogRemoved(string model);

    [LoggerMessage(4, LogLevel.Warning, "The models' folder could not be looked at: {Reason}")]
    private partial void LogFolder(string reason);
}
