using Dlrm.Threading;
using Xunit;

namespace Dlrm.Tests.Threading;

public sealed class RingProducerTests
{
    [Fact]
    public void Items_arrive_in_order_whatever_the_ring_size()
    {
        for (int ring = 1; ring <= 4; ring++)
        {
            using RingProducer<Box> producer = Create(ring, (number, box) => box.Value = number);
            foreach ((int first, int end) in new[] { (0, 10), (10, 11), (5, 25) })
            {
                producer.Start(first, end);
                for (int number = first; number < end; number++)
                {
                    Assert.Equal(number, producer.Take().Value);
                    producer.Release();
                }
            }
        }
    }

    [Fact]
    public void Nothing_is_produced_beyond_the_range()
    {
        int last = -1;
        using RingProducer<Box> producer = Create(3, (number, box) => Volatile.Write(ref last, number));
        producer.Start(0, 4);
        for (int number = 0; number < 4; number++)
        {
            producer.Take();
            producer.Release();
        }

        Assert.Equal(3, Volatile.Read(ref last));
        Assert.Throws<InvalidOperationException>(() => producer.Take());
    }

    [Fact]
    public void A_failure_is_thrown_at_the_item_that_caused_it()
    {
        using RingProducer<Box> producer = Create(3, (number, box) =>
        {
            if (number == 2)
            {
                throw new InvalidDataException("item 2");
            }

            box.Value = number;
        });
        producer.Start(0, 5);
        for (int number = 0; number < 2; number++)
        {
            Assert.Equal(number, producer.Take().Value);
            producer.Release();
        }

        Assert.Equal("item 2", Assert.Throws<InvalidDataException>(() => producer.Take()).Message);
        producer.Cancel();
        producer.Start(0, 1);
        Assert.Equal(0, producer.Take().Value);
        producer.Release();
    }

    [Fact]
    public void A_cancelled_range_can_be_followed_by_another()
    {
        using RingProducer<Box> producer = Create(3, (number, box) => box.Value = number);
        for (int taken = 0; taken < 5; taken++)
        {
            producer.Start(0, 100);
            for (int number = 0; number < taken; number++)
            {
                Assert.Equal(number, producer.Take().Value);
                producer.Release();
            }

            producer.Cancel();
        }

        producer.Start(7, 8);
        Assert.Equal(7, producer.Take().Value);
        producer.Release();
    }

    private static RingProducer<Box> Create(int ring, Action<int, Box> fill) =>
        new([.. Enumerable.Range(0, ring).Select(_ => new Box())], fill, "test");

    private sealed class Box
    {
        public int Value { get; set; }
    }
}
