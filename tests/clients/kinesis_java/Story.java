import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEvent;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEventStream;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;

/** Java's asynchronous client with its defaults: CBOR over HTTP/2; prints what it is answered. */
public class Story {
  private static final String SHARD = "shardId-000000000000";

  public static void main(String[] arguments) throws Exception {
    Instant began = Instant.now();
    try (KinesisAsyncClient kinesis =
        KinesisAsyncClient.builder()
            .endpointOverride(URI.create(arguments[0]))
            .region(Region.US_EAST_1)
            .credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
            .build()) {
      kinesis.createStream(r -> r.streamName("clicks").shardCount(1)).get();
      String arn =
          kinesis
              .describeStreamSummary(r -> r.streamName("clicks"))
              .get()
              .streamDescriptionSummary()
              .streamARN();
      put(kinesis);
      get(kinesis, began);
      String consumer =
          kinesis
              .registerStreamConsumer(r -> r.streamARN(arn).consumerName("java"))
              .get()
              .consumer()
              .consumerARN();
      subscribe(kinesis, consumer);
      error(kinesis);
    }
  }

  private static void put(KinesisAsyncClient kinesis) throws Exception {
    List<PutRecordsRequestEntry> entries =
        IntStream.range(0, 300)
            .mapToObj(
                number ->
                    PutRecordsRequestEntry.builder()
                        .partitionKey("key " + number)
                        .data(SdkBytes.fromByteArray(new byte[] {(byte) number, (byte) 0xff}))
                        .build())
            .collect(Collectors.toList());
    PutRecordsResponse answer =
        kinesis.putRecords(r -> r.streamName("clicks").records(entries)).get();
    System.out.println("put " + answer.records().size() + " failed " + answer.failedRecordCount());
  }

  private static void get(KinesisAsyncClient kinesis, Instant began) throws Exception {
    String iterator =
        kinesis
            .getShardIterator(
                r ->
                    r.streamName("clicks")
                        .shardId(SHARD)
                        .shardIteratorType(ShardIteratorType.AT_TIMESTAMP)
                        .timestamp(began.minusSeconds(60)))
            .get()
            .shardIterator();
    GetRecordsResponse answer = kinesis.getRecords(r -> r.shardIterator(iterator)).get();
    Record last = answer.records().get(299);
    boolean isNow =
        last.approximateArrivalTimestamp().isAfter(began.minusSeconds(5))
            && last.approximateArrivalTimestamp().isBefore(Instant.now().plusSeconds(5));
    System.out.println(
        "got " + answer.records().size() + " last " + last.partitionKey() + " "
            + (last.data().asByteArray()[0] & 0xff) + " now " + isNow);
  }

  private static void subscribe(KinesisAsyncClient kinesis, String consumer) throws Exception {
    CountDownLatch three = new CountDownLatch(303);
    SubscribeToShardResponseHandler handler =
        SubscribeToShardResponseHandler.builder()
            .onError(error -> System.err.println("ended by " + error))
            .subscriber(
                (SubscribeToShardEventStream event) -> {
                  if (event instanceof SubscribeToShardEvent) {
                    ((SubscribeToShardEvent) event).records().forEach(r -> three.countDown());
                  }
                })
            .build();
    CompletableFuture<Void> subscription =
        kinesis.subscribeToShard(
            r ->
                r.consumerARN(consumer)
                    .shardId(SHARD)
                    .startingPosition(p -> p.type(ShardIteratorType.TRIM_HORIZON)),
            handler);
    for (int number = 0; number < 3; number++) {
      String key = "pushed " + number;
      kinesis
          .putRecord(
              r -> r.streamName("clicks").partitionKey(key).data(SdkBytes.fromUtf8String("x")))
          .get();
    }
    System.out.println("pushed " + three.await(20, TimeUnit.SECONDS));
    subscription.cancel(true);
  }

  private static void error(KinesisAsyncClient kinesis) throws Exception {
    try {
      kinesis.describeStreamSummary(r -> r.streamName("nobody")).get();
    } catch (ExecutionException error) {
      System.out.println(error.getCause().getClass().getSimpleName());
    }
  }
}
